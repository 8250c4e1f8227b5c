// The partitions that Kafka's own producer chooses for keys.
//
//     java -cp 'LIBS/*' Partitions.java COUNT...
//
// Each line of the input is a key in hex; each line of the output has its partition among so many partitions, in the order
// of the arguments.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.HexFormat;

import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

public final class Partitions {
    public static void main(String[] arguments) throws IOException {
        int[] counts = Arrays.stream(arguments).mapToInt(Integer::parseInt).toArray();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder out = new StringBuilder();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            byte[] key = HexFormat.of().parseHex(line);
            for (int count : counts) {
                out.append(BuiltInPartitioner.partitionForKey(key, count)).append(' ');
            }
            out.append('\n');
        }
        PrintStream printed = new PrintStream(System.out, false);
        printed.print(out);
        printed.flush();
    }
}
