using System.Net;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>How streams that stay open count at the gate of their instance, which is closed before it rests.</summary>
public class StreamGateTests
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
        (await reader.ReadLineAsync()).ShouldBe("data: 1");
        gate.MovedAt.ShouldBeGreaterThan(before, "an event is a sign of work");
        goOn.Release();
        (await reader.ReadToEndAsync()).ShouldBe("\n");
        await UntilAsync(() => (gate.Requests, gate.Streams) == (0, 0));
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
}
