//! The least size of elements, by small tables.

use super::super::module::Module;
use super::super::table::parse;

fn least(table: &str) -> Result<Vec<(String, usize)>, String> {
    let module = Module::new("demo", parse(table)?)?;
    let fields = module.structs.iter().flat_map(|each| &each.fields);
    Ok(fields.filter_map(|field| Some((field.rust_name.clone(), field.least?))).collect())
}

#[test]
fn the_smallest_version_of_an_element_counts() {
    let table = "\
request DemoRequest versions 0-3 key 0 flexible 2+
  Topics []Topic 0+ null 0+
    Name string 0+
    Partitions []int32 0+
    Id uuid 3+
    Note string 1+ tag 0
";
    // Version 2: an empty name, no partitions, no tags.
    assert_eq!(least(table), Ok(vec![("topics".to_owned(), 3), ("partitions".to_owned(), 4)]));
}

#[test]
fn versions_without_the_array_do_not_count() {
    let table = "\
request DemoRequest versions 0-3 key 0 flexible 2+
  Topics []Topic 0-1
    Name string 0+
    Cursor Cursor 0+ null 1+
      A int64 0+
  Names []string 1-1
";
    assert_eq!(least(table), Ok(vec![("topics".to_owned(), 3), ("names".to_owned(), 2)]));
}

#[test]
fn an_element_of_no_bytes_is_refused() {
    let table = "\
request DemoRequest versions 0-1 key 0
  Topics []Topic 0+
    Name string 1+
";
    assert!(least(table).is_err());
}
