// Kafka's own record classes, as a filter: each request on the input is answered on the output, until the input ends.
//
//     java -cp 'LIBS/*' MessageSets.java     with the jars of Kafka 3.9, the last that converts down
//
// A request is, in the encoding of DataInputStream: a byte, 'r' to read or 'd' to convert down, then for the latter a
// magic (byte) and the first offset that is asked for (long); the number of bytes (int), and the bytes of a record set. An
// answer is the number of bytes and the bytes, or -1 and what went wrong (UTF).
//
// What was read is text, a line a batch and a line a record, every CRC checked:
//
//     batch MAGIC CODEC TIMESTAMP-TYPE BASE-OFFSET LAST-OFFSET PRODUCER-ID PRODUCER-EPOCH BASE-SEQUENCE LAST-SEQUENCE
//           LEADER-EPOCH TRANSACTIONAL CONTROL DELETE-HORIZON          (one line)
//     OFFSET TIMESTAMP KEY VALUE [HEADER-KEY=HEADER-VALUE]...          (null as -, else : and hexadecimal)

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MutableRecordBatch;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Utils;

public final class MessageSets {
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] arguments) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
        for (int operation = in.read(); operation >= 0; operation = in.read()) {
            byte magic = operation == 'd' ? in.readByte() : 0;
            long firstOffset = operation == 'd' ? in.readLong() : 0;
            byte[] bytes = in.readNBytes(in.readInt());
            try {
                MemoryRecords set = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
                byte[] answer = operation == 'd' ? downConvert(set, magic, firstOffset) : read(set);
                out.writeInt(answer.length);
                out.write(answer);
            } catch (RuntimeException e) {
                out.writeInt(-1);
                out.writeUTF(e.toString());
            }
            out.flush();
        }
    }

    private static byte[] downConvert(MemoryRecords set, byte magic, long firstOffset) {
        MemoryRecords converted = (MemoryRecords) set.downConvert(magic, firstOffset, Time.SYSTEM).records();
        return Utils.toArray(converted.buffer());
    }

    private static byte[] read(MemoryRecords set) {
        StringBuilder text = new StringBuilder();
        for (MutableRecordBatch batch : set.batches()) {
            batch.ensureValid();
            text.append("batch ").append(batch.magic()).append(' ').append(batch.compressionType().name);
            text.append(' ').append(batch.timestampType().name);
            long[] numbers = {batch.baseOffset(), batch.lastOffset(), batch.producerId(), batch.producerEpoch(),
                batch.baseSequence(), batch.lastSequence(), batch.partitionLeaderEpoch()};
            for (long number : numbers)
                text.append(' ').append(number);
            text.append(' ').append(batch.isTransactional()).append(' ').append(batch.isControlBatch());
            text.append(' ').append(batch.deleteHorizonMs().isPresent() ? batch.deleteHorizonMs().getAsLong() : "-");
            text.append('\n');
            for (Record record : batch) {
                record.ensureValid();
                text.append(record.offset()).append(' ').append(record.timestamp());
                text.append(' ').append(hex(record.key())).append(' ').append(hex(record.value()));
                for (Header header : record.headers()) {
                    text.append(' ').append(HEX.formatHex(header.key().getBytes(StandardCharsets.UTF_8))).append('=');
                    text.append(header.value() == null ? "-" : ":" + HEX.formatHex(header.value()));
                }
                text.append('\n');
            }
        }
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static String hex(ByteBuffer bytes) {
        return bytes == null ? "-" : ":" + HEX.formatHex(Utils.toArray(bytes));
    }
}
