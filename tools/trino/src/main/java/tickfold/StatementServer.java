package tickfold;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.trino.Session;
import io.trino.plugin.hive.HivePlugin;
import io.trino.spi.type.ArrayType;
import io.trino.spi.type.MapType;
import io.trino.spi.type.RowType;
import io.trino.spi.type.SqlVarbinary;
import io.trino.spi.type.TimeZoneKey;
import io.trino.spi.type.Type;
import io.trino.testing.MaterializedResult;
import io.trino.testing.MaterializedRow;
import io.trino.testing.QueryFailedException;
import io.trino.testing.StandaloneQueryRunner;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

import static io.trino.testing.TestingSession.testSessionBuilder;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

/**
 * Trino in one process, over one Hive catalog: statements come in on standard input, answers go out on standard output,
 * one JSON object a line. The process ends when standard input is closed.
 *
 * <p>The first line configures it: {@code {"catalog": NAME, "schema": NAME, "properties": {...}}}; the answer is
 * {@code {"ready": true}}. Each later line is {@code {"sql": TEXT, "parameters": [SQL LITERAL, ...]}}.
 */
public final class StatementServer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREPARED = "statement";
    private static final String LIST_CALLS = "ListObjectsV2.Calls.TotalCount";

    private final StandaloneQueryRunner runner;

    private StatementServer(JsonNode configuration) {
        String catalog = configuration.get("catalog").asText();
        Session session = testSessionBuilder()
                .setCatalog(catalog)
                .setSchema(configuration.get("schema").asText())
                .setTimeZoneKey(TimeZoneKey.UTC_KEY)
                .build();
        Map<String, String> properties = new LinkedHashMap<>();
        configuration.get("properties").properties().forEach(each -> properties.put(each.getKey(), each.getValue().asText()));
        runner = new StandaloneQueryRunner(session, server -> server.addProperty("query.max-execution-time", "2m"));
        runner.installPlugin(new HivePlugin());
        runner.createCatalog(catalog, "hive", properties);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        // Libraries print to standard output; it is for answers only.
        PrintStream answers = new PrintStream(System.out, true, UTF_8);
        System.setOut(System.err);
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread.ofPlatform().daemon().start(() -> read(lines));
        StatementServer server = new StatementServer(JSON.readTree(lines.take()));
        answers.println(JSON.createObjectNode().put("ready", true));
        while (true) {
            answers.println(server.answer(JSON.readTree(lines.take())));
        }
    }

    /** Reads until the parent closes the pipe or dies, then ends the process, also in the middle of a statement. */
    private static void read(BlockingQueue<String> lines) {
        try {
            BufferedReader reader = new BufferedReader(new InputStreamReader(System.in, UTF_8));
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
        }
        catch (IOException error) {
            error.printStackTrace();
        }
        finally {
            Runtime.getRuntime().halt(0);
        }
    }

    private ObjectNode answer(JsonNode request) {
        long listed = listCalls();
        long start = System.nanoTime();
        ObjectNode answer = JSON.createObjectNode();
        try {
            describe(answer, execute(request.get("sql").asText(), request.get("parameters")));
        }
        catch (RuntimeException error) {
            answer.put("error", errorName(error)).put("message", error.getMessage());
        }
        return answer
                .put("seconds", (double) (System.nanoTime() - start) / TimeUnit.SECONDS.toNanos(1))
                .put("lists", listCalls() - listed);
    }

    /** As Athena does with execution parameters: the statement is prepared, and they are put in as SQL. */
    private MaterializedResult execute(String sql, JsonNode parameters) {
        if (parameters == null || parameters.isEmpty()) {
            return runner.execute(runner.getDefaultSession(), sql);
        }
        Session session = Session.builder(runner.getDefaultSession()).addPreparedStatement(PREPARED, sql).build();
        String values = parameters.valueStream().map(JsonNode::asText).collect(joining(", "));
        return runner.execute(session, "EXECUTE " + PREPARED + " USING " + values);
    }

    private static void describe(ObjectNode answer, MaterializedResult result) {
        List<Type> types = result.getTypes();
        ArrayNode columns = answer.putArray("columns");
        for (int i = 0; i < types.size(); i++) {
            columns.addObject().put("name", result.getColumnNames().get(i)).put("type", types.get(i).getDisplayName());
        }
        ArrayNode rows = answer.putArray("rows");
        for (MaterializedRow row : result) {
            ArrayNode values = rows.addArray();
            for (int i = 0; i < types.size(); i++) {
                values.add(text(types.get(i), row.getField(i)));
            }
        }
    }

    /** The value as text, as Athena spells it; null is JSON's. */
    private static String text(Type type, Object value) {
        return switch (value) {
            case null -> null;
            case SqlVarbinary bytes -> HexFormat.ofDelimiter(" ").formatHex(bytes.getBytes());
            case List<?> fields when type instanceof RowType row -> join(fields.size(), "{", "}",
                    i -> row.getFields().get(i).getName().orElse("field" + i) + "=" + text(row.getFields().get(i).getType(), fields.get(i)));
            case List<?> list when type instanceof ArrayType array ->
                    join(list.size(), "[", "]", i -> text(array.getElementType(), list.get(i)));
            case Map<?, ?> map when type instanceof MapType of -> map.entrySet().stream()
                    .map(entry -> text(of.getKeyType(), entry.getKey()) + "=" + text(of.getValueType(), entry.getValue()))
                    .collect(joining(", ", "{", "}"));
            default -> value.toString();
        };
    }

    private static String join(int size, String open, String close, IntFunction<String> element) {
        return IntStream.range(0, size).mapToObj(element).collect(joining(", ", open, close));
    }

    private String errorName(RuntimeException error) {
        if (error instanceof QueryFailedException failed) {
            return runner.getCoordinator().getDispatchManager().getQueryInfo(failed.getQueryId()).getErrorCode().getName();
        }
        return error.getClass().getSimpleName();
    }

    /** LIST requests to S3 since the start, by the file system's own count. */
    private static long listCalls() {
        MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
        long calls = 0;
        try {
            for (ObjectName bean : beans.queryNames(new ObjectName("*:type=S3FileSystemStats,*"), null)) {
                calls += ((Number) beans.getAttribute(bean, LIST_CALLS)).longValue();
            }
        }
        catch (JMException error) {
            throw new IllegalStateException("the count of LIST requests cannot be read", error);
        }
        return calls;
    }
}
