// Kafka's own compression, as a filter: each request on the input is answered on the output, until the input ends.
//
//     java -cp 'LIBS/*' Codecs.java
//
// A request is, in the order and encoding of DataInputStream: a byte, 'c' to compress or 'd' to decompress; the name of a
// codec (UTF); its level, or the least int for the default (int); the magic of the records around it (byte); the number of
// bytes (int), and the bytes. An answer is the number of bytes and the bytes, or -1 and what went wrong (UTF).

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

public final class Codecs {
    public static void main(String[] arguments) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
        for (int operation = in.read(); operation >= 0; operation = in.read()) {
            String name = in.readUTF();
            int level = in.readInt();
            byte magic = in.readByte();
            byte[] bytes = in.readNBytes(in.readInt());
            try {
                Compression codec = codec(name, level);
                byte[] answer = operation == 'c' ? compress(codec, magic, bytes) : decompress(codec, magic, bytes);
                out.writeInt(answer.length);
                out.write(answer);
            } catch (RuntimeException | IOException e) {
                out.writeInt(-1);
                out.writeUTF(e.toString());
            }
            out.flush();
        }
    }

    private static Compression codec(String name, int level) {
        boolean standard = level == Integer.MIN_VALUE;
        return switch (name) {
            case "gzip" -> standard ? Compression.gzip().build() : Compression.gzip().level(level).build();
            case "snappy" -> Compression.snappy().build();
            case "lz4" -> standard ? Compression.lz4().build() : Compression.lz4().level(level).build();
            case "zstd" -> standard ? Compression.zstd().build() : Compression.zstd().level(level).build();
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static byte[] compress(Compression codec, byte magic, byte[] bytes) throws IOException {
        ByteBufferOutputStream buffer = new ByteBufferOutputStream(512);
        try (OutputStream stream = codec.wrapForOutput(buffer, magic)) {
            stream.write(bytes);
        }
        buffer.buffer().flip();
        byte[] answer = new byte[buffer.buffer().remaining()];
        buffer.buffer().get(answer);
        return answer;
    }

    private static byte[] decompress(Compression codec, byte magic, byte[] bytes) throws IOException {
        try (InputStream stream = codec.wrapForInput(ByteBuffer.wrap(bytes), magic, BufferSupplier.NO_CACHING)) {
            return stream.readAllBytes();
        }
    }
}
