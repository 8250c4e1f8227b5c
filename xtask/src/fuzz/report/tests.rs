//! A run that ended well, and one that said nothing.

use super::Report;

#[test]
fn the_numbers_of_a_run_are_taken_from_its_last_lines() {
    let said = "#2\tINITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 30Mb\n\
                #900\tNEW    cov: 70 ft: 80 corp: 9/1Kb lim: 4 exec/s: 300 rss: 33Mb L: 3/4 MS: 1 EraseBytes-\n\
                #1000\tDONE   cov: 71 ft: 81 corp: 10/2Kb lim: 4 exec/s: 333 rss: 34Mb\n\
                Done 1000 runs in 3 second(s)\n\
                stat::number_of_executed_units: 1000\n\
                stat::average_exec_per_sec:     333\n\
                stat::peak_rss_mb:              34\n";
    assert_eq!(Report::read(said), Report { executions: 1000, edges: 71, corpus: 10, peak: 34 });
    assert_eq!(Report::read("nothing"), Report::default());
}
