using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class StreamTests
{
    [Fact]
    public async Task LogsArePrintedAsTheyCome()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice/logs", async context =>
        {
            context.Response.ContentType = "application/x-ndjson";
            await context.Response.WriteAsync(FakeApi.Json(new LogLineResponse(Samples.Then, "web", "stdout", "hello")) + "\n");
            await context.Response.WriteAsync(FakeApi.Json(new LogLineResponse(Samples.Then, "web", "stderr", "oh")) + "\n");
        });

        var text = await CliRun.Of(api, "logs", "alice", "--tail", "5", "--since", "2026-11-28T10:00:00Z", "--times");
        var json = await CliRun.Of(api, "logs", "alice", "-o", "json");

        text.Out.ShouldBe("2026-11-28T10:00:00.000Z web | hello\n2026-11-28T10:00:00.000Z web | oh\n");
        json.Out.TrimEnd().Split('\n').Length.ShouldBe(2);
        var query = api.Requests.First().Query;
        query.ShouldContain("tail=5");
        query.ShouldContain("since=2026-11-28T10%3A00%3A00");
    }

    [Theory]
    [InlineData("/v1/instances/alice/logs", "logs", "alice", "-f")]
    [InlineData("/v1/events", "events")]
    public async Task InterruptingAStreamIsExitCode130WithoutAWordAboutIt(string path, params string[] arguments)
    {
        await using var api = await FakeApi.StartAsync();
        using var interrupt = new CancellationTokenSource();
        api.On("GET " + path, async context =>
        {
            await context.Response.Body.FlushAsync();
            await interrupt.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, CancellationToken = interrupt.Token }, [.. arguments, "-o", "json"]);

        (run.ExitCode, run.Out, run.Error).ShouldBe((130, "", ""));
    }

    [Fact]
    public async Task AProblemInTheMiddleOfLogsIsNotTheirEnd()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice/logs", async context =>
        {
            await context.Response.WriteAsync(FakeApi.Json(new LogLineResponse(Samples.Then, "web", "stdout", "hello")) + "\n");
            await context.Response.WriteAsync(FakeApi.Json(new ProblemResponse { Status = 503, Code = "engine-unavailable", Detail = "The engine went away." }) + "\n");
        });

        var run = await CliRun.Of(api, "logs", "alice");

        run.ExitCode.ShouldBe(7);
        run.Out.ShouldContain("hello");
        run.Error.ShouldContain("The engine went away.");
    }

    [Fact]
    public async Task ACommandGetsItsInputAndEndsWithItsExitCode()
    {
        await using var api = await FakeApi.StartAsync();
        ExecStartRequest? start = null;
        api.On("GET /v1/instances/alice/exec", async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync(ExecChannel.Protocol);
            start = FakeApi.Read<ExecStartRequest>((await ReceiveAsync(socket)).Text);
            var input = new StringBuilder();
            while ((await ReceiveAsync(socket)).Text is { Length: > 1 } piece)
                input.Append(piece[1..]);
            await SendAsync(socket, WebSocketMessageType.Binary, [ExecChannel.Output, .. Encoding.UTF8.GetBytes("got " + input)]);
            await SendAsync(socket, WebSocketMessageType.Binary, [ExecChannel.Error, .. "oh"u8]);
            await SendAsync(socket, WebSocketMessageType.Text, Encoding.UTF8.GetBytes(FakeApi.Json(new ExecResponse(42))));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        });

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, Input = "some input" }, "exec", "alice", "--", "sh", "-c", "cat; exit 42");
        var typedAhead = await CliRun.Of(new CliSetting { Data = api.Folder, Input = "some input", IsTerminal = true }, "exec", "alice", "--", "cat");
        var typed = await CliRun.Of(new CliSetting { Data = api.Folder, Input = "some input", IsTerminal = true }, "exec", "-i", "alice", "--", "cat");

        run.ExitCode.ShouldBe(42, run.Error);
        run.Out.ShouldBe("got some input");
        run.Error.ShouldBe("oh");
        typedAhead.Out.ShouldBe("got ");
        typed.Out.ShouldBe("got some input");
        start!.Command.ShouldBe(["cat"]);
    }

    [Fact]
    public async Task ARefusedCommandHasItsSentence()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnProblem("GET /v1/instances/alice/exec", 409, "conflict", "alice is asleep: wake it first.");

        var run = await CliRun.Of(api, "exec", "alice", "--", "true");

        run.ExitCode.ShouldBe(4);
        run.Error.ShouldContain("alice is asleep: wake it first.");
    }

    [Fact]
    public async Task AnExportThatBreaksLeavesNoFile()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice/data", async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("only a part");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        var file = Path.Combine(api.Folder, "alice.tar");

        var run = await CliRun.Of(api, "data", "export", "alice", "-f", file);

        run.ExitCode.ShouldBe(7);
        File.Exists(file).ShouldBeFalse();
        File.Exists(file + ".part").ShouldBeFalse();
    }

    private static async Task<(WebSocketMessageType Type, string Text)> ReceiveAsync(WebSocket socket)
    {
        var buffer = new byte[64 * 1024];
        var count = 0;
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.AsMemory(count), CancellationToken.None);
            count += result.Count;
            if (result.EndOfMessage)
                return (result.MessageType, Encoding.UTF8.GetString(buffer, 0, count));
        }
    }

    private static Task SendAsync(WebSocket socket, WebSocketMessageType type, byte[] message) =>
        socket.SendAsync(message, type, endOfMessage: true, CancellationToken.None);
}
