// Prints the APIs of the kafka-clients jar on the class path, a line each: key, name, lowest version, highest version.
//
// It asks the jar by reflection, because each era of Kafka keeps the versions elsewhere: `ProtoUtils` and `Protocol` before
// 1.0, `ApiKeys` since. Versions that the jar calls unstable are not counted: no release promises them.

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;

public class ApiVersionsOfRelease {
    public static void main(String[] args) throws Exception {
        Class<?> keys = Class.forName("org.apache.kafka.common.protocol.ApiKeys");
        for (Object key : keys.getEnumConstants()) {
            int id = ((Number) keys.getField("id").get(key)).intValue();
            String name = ((Enum<?>) key).name();
            int[] range = id < 0 ? null : range(keys, key, id);
            if (range != null && range[0] <= range[1]) {
                System.out.println(id + "\t" + name + "\t" + range[0] + "\t" + range[1]);
            }
        }
    }

    private static int[] range(Class<?> keys, Object key, int id) throws Exception {
        Method latest = method(keys, "latestVersion");
        if (latest == null) {
            return ofProtocol(id);
        }
        int low = ((Number) method(keys, "oldestVersion").invoke(key)).intValue();
        int high = ((Number) latest.invoke(key)).intValue();
        Field type = field(keys, "messageType");
        if (type != null) {
            Method unstable = method(type.getType(), "latestVersionUnstable");
            Method stable = method(type.getType(), "highestSupportedVersion", boolean.class);
            if (stable != null) {
                high = ((Number) stable.invoke(type.get(key), false)).intValue();
            } else if (unstable != null && (Boolean) unstable.invoke(type.get(key))) {
                high -= 1;
            }
        }
        return new int[] {low, high};
    }

    /** Before 1.0: a table of schemas by key and version, with nothing in the place of what is no longer there. */
    private static int[] ofProtocol(int id) throws Exception {
        Object requests = Class.forName("org.apache.kafka.common.protocol.Protocol").getField("REQUESTS").get(null);
        Object versions = id < Array.getLength(requests) ? Array.get(requests, id) : null;
        if (versions == null) {
            return null;
        }
        int low = 0;
        while (low < Array.getLength(versions) && Array.get(versions, low) == null) {
            low += 1;
        }
        return new int[] {low, Array.getLength(versions) - 1};
    }

    private static Method method(Class<?> of, String name, Class<?>... parameters) {
        try {
            return of.getMethod(name, parameters);
        } catch (NoSuchMethodException none) {
            return null;
        }
    }

    private static Field field(Class<?> of, String name) {
        try {
            return of.getField(name);
        } catch (NoSuchFieldException none) {
            return null;
        }
    }
}
