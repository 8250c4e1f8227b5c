// Records in and out of a topic through Kafka's own client, as lines of text, so that a test in another language can say
// and see every byte:
//
//     PARTITION<tab>TIMESTAMP<tab>KEY<tab>VALUE<tab>HEADERS
//
// A key or value is `-` when null, else `:` and its bytes in hexadecimal. Headers are joined by commas; each is the bytes
// of its key in hexadecimal, `=`, and its value written as above. Without a partition, the client chooses one.
//
//     java -cp 'LIBS/*' Records.java produce BOOTSTRAP TOPIC [PROPERTY=VALUE]...   reads lines, in order
//     java -cp 'LIBS/*' Records.java consume BOOTSTRAP TOPIC [PROPERTY=VALUE]...   prints all there is, then ends
//
// With a transactional.id, `produce` understands two more lines: `commit` and `abort` end what came since the last one.

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Records {
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] arguments) throws Exception {
        String topic = arguments[2];
        Properties properties = new Properties();
        properties.put("bootstrap.servers", arguments[1]);
        for (int i = 3; i < arguments.length; i++) {
            String[] property = arguments[i].split("=", 2);
            properties.put(property[0], property[1]);
        }
        switch (arguments[0]) {
            case "produce" -> produce(topic, properties);
            case "consume" -> consume(topic, properties);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void produce(String topic, Properties properties) throws Exception {
        boolean transactional = properties.containsKey("transactional.id");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        try (var producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            if (transactional) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                switch (line) {
                    case "commit" -> {
                        producer.commitTransaction();
                        producer.beginTransaction();
                    }
                    case "abort" -> {
                        // Else the records might never leave.
                        producer.flush();
                        producer.abortTransaction();
                        producer.beginTransaction();
                    }
                    default -> sent.add(producer.send(record(topic, line)));
                }
            }
            if (transactional) {
                producer.commitTransaction();
            }
            producer.flush();
            for (Future<RecordMetadata> one : sent) {
                one.get();
            }
        }
    }

    private static void consume(String topic, Properties properties) {
        properties.put("auto.offset.reset", "none");
        PrintWriter out = new PrintWriter(
                new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.US_ASCII), 1 << 16));
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition())).collect(Collectors.toList());
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    out.println(line(record));
                }
            }
        }
        out.flush();
    }

    private static ProducerRecord<byte[], byte[]> record(String topic, String line) {
        String[] fields = line.split("\t", -1);
        List<Header> headers = new ArrayList<>();
        if (!fields[4].isEmpty()) {
            for (String header : fields[4].split(",")) {
                String[] parts = header.split("=", 2);
                String key = new String(HEX.parseHex(parts[0]), StandardCharsets.UTF_8);
                headers.add(new RecordHeader(key, bytes(parts[1])));
            }
        }
        return new ProducerRecord<>(
                topic, fields[0].isEmpty() ? null : Integer.valueOf(fields[0]), Long.valueOf(fields[1]), bytes(fields[2]),
                bytes(fields[3]), headers);
    }

    private static String line(ConsumerRecord<byte[], byte[]> record) {
        List<String> headers = new ArrayList<>();
        for (Header header : record.headers()) {
            headers.add(HEX.formatHex(header.key().getBytes(StandardCharsets.UTF_8)) + "=" + text(header.value()));
        }
        return record.partition() + "\t" + record.timestamp() + "\t" + text(record.key()) + "\t" + text(record.value())
                + "\t" + String.join(",", headers);
    }

    private static byte[] bytes(String text) {
        return text.equals("-") ? null : HEX.parseHex(text, 1, text.length());
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "-" : ":" + HEX.formatHex(bytes);
    }
}
