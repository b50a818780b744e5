using System.Net;
using Tenantry.Server.Engine;
using Tenantry.Server.Tests.Serving;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>What counts at the gate of an instance, which is closed before it rests: streams that stay open, monitors.</summary>
public class GateUseTests
{
    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n", "9\r\ndata: 1\n\n\r\n", "0\r\n\r\n")]
    [InlineData("Connection: close\r\n", "data: 1\n\n", "")]
    public async Task AnEventStreamWithoutAFirstEventIsAQuietStreamAndNoRequestInFlight(string framing, string piece, string end)
    {
        var goOn = new SemaphoreSlim(0);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{framing}\r\n");
            await goOn.WaitAsync();
            await connection.SendAsync(piece);
            await goOn.WaitAsync();
            await connection.SendAsync(end);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();
        client.DefaultRequestHeaders.Add("Accept", "text/event-stream");
        var gate = gateway.GateOf("id-alice");

        using var answer = await client.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (gate.Requests, gate.Streams).ShouldBe((0, 1));
        var before = gate.MovedAt;
        goOn.Release();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync().SoonAsync()).ShouldBe("data: 1");
        gate.MovedAt.ShouldBeGreaterThan(before, "an event is a sign of work");
        goOn.Release();
        (await reader.ReadToEndAsync().SoonAsync()).ShouldBe("\n");
        await UntilAsync(() => (gate.Requests, gate.Streams) == (0, 0));
    }

    [Fact]
    public async Task AMonitorKeepsNoInstanceAwakeAndTheEngineHearsWhenItsRequestIsOver()
    {
        var isOver = new SemaphoreSlim(0);
        await using var app = await AppUpstream.StartAsync(_ => isOver.WaitAsync());
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port, rules: Rules);
        using var client = gateway.Client();
        var gate = gateway.GateOf("id-alice");
        var before = gate.MovedAt;

        var probe = client.GetAsync("/healthz");
        await ReportAsync(gateway, use => use.Requests == 1);
        isOver.Release();
        (await probe).StatusCode.ShouldBe(HttpStatusCode.OK);

        await ReportAsync(gateway, use => use.Requests == 0);
        gate.MovedAt.ShouldBe(before);
        isOver.Release();
        await client.GetAsync("/healthz/deep");
        gate.MovedAt.ShouldBeGreaterThan(before, "nobody said that this one is a monitor's");
    }

    [Fact]
    public async Task AConnectionThatWaitsIsClosedWhenItsInstanceRestsSinceTheAppMayCloseItJustWhenItIsUsed()
    {
        var isClosed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            await connection.ReadToEndAsync();
            isClosed.SetResult();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();
        (await client.GetStringAsync("/")).ShouldBe("ok");
        isClosed.Task.IsCompleted.ShouldBeFalse();

        gateway.Engine.Orders.Writer.TryWrite(new GateOrder(GateOrderKind.Close, "id-alice", 1, Force: true));
        gateway.Engine.Orders.Writer.TryWrite(new GateOrder(GateOrderKind.Rested, "id-alice"));

        await isClosed.Task.SoonAsync();
    }

    [Fact]
    public async Task AnAnswerThatIsNoEventStreamCountsAsARequestWhateverWasAskedFor()
    {
        var isOver = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
            await isOver.Task;
            await connection.SendAsync("0\r\n\r\n");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();
        client.DefaultRequestHeaders.Add("Accept", "text/event-stream, */*");
        var gate = gateway.GateOf("id-alice");

        using var answer = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);

        (gate.Requests, gate.Streams).ShouldBe((1, 0));
        isOver.SetResult();
        (await answer.Content.ReadAsStringAsync()).ShouldBe("ok");
        await UntilAsync(() => (gate.Requests, gate.Streams) == (0, 0));
    }

    private static async Task ReportAsync(TestGateway gateway, Predicate<InstanceUse> isSaid)
    {
        using var late = new CancellationTokenSource(Waiting.Limit);
        await foreach (var report in gateway.Engine.Reports.Reader.ReadAllAsync(late.Token))
        {
            if (report.Uses.Any(use => use.InstanceId == "id-alice" && isSaid(use)))
                return;
        }
    }
}
