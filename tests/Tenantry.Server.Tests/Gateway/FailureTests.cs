using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

public class FailureTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task AnInstanceThatTakesNoConnectionIsABadGateway()
    {
        using var shut = AtRest.Shut(out var port);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(port);
        using var client = gateway.Client();

        using var answer = await client.GetAsync("/");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        var text = await answer.Content.ReadAsStringAsync();
        text.ShouldNotContain(port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        text.ShouldNotContain("127.0.0.1");
        text.ShouldNotContain("id-alice");
    }

    [Fact]
    public async Task AnInstanceThatDoesNotAnswerInTimeIsAGatewayTimeout()
    {
        var time = new ManualTime();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            asked.SetResult();
            await connection.ReadToEndAsync();
            left.SetResult();
        });
        await using var gateway = await TestGateway.StartAsync(options: new ForwarderOptions { AnswerTimeout = TimeSpan.FromMinutes(5), Time = time });
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        var asking = client.GetAsync("/");
        await asked.Task.WaitAsync(Patience);
        time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        asking.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromTicks(1));

        using var answer = await asking;
        answer.StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
        await left.Task.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task WhereTheTierGivesARequestMoreTimeItsAnswerMayBeginAsLate(HttpProtocols protocol)
    {
        var time = new ManualTime();
        var asked = new SemaphoreSlim(0);
        var go = new SemaphoreSlim(0);
        await using var app = await AppUpstream.StartAsync(
            async context =>
            {
                asked.Release();
                await go.WaitAsync(context.RequestAborted);
            },
            protocol);
        await using var gateway = await TestGateway.StartAsync(options: new ForwarderOptions { AnswerTimeout = TimeSpan.FromMinutes(5), Time = time });
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", app.Port))
        {
            SpeaksHttp2 = protocol == HttpProtocols.Http2,
            Limits = new RequestLimits { TotalTimeout = TimeSpan.FromMinutes(10) },
        }));
        using var client = gateway.Client();

        var answered = client.PostAsync("/run", new StringContent("think"));
        (await asked.WaitAsync(Patience)).ShouldBeTrue();
        time.Advance(TimeSpan.FromMinutes(6));
        go.Release();
        (await answered).StatusCode.ShouldBe(HttpStatusCode.OK);

        var late = client.PostAsync("/run", new StringContent("think"));
        (await asked.WaitAsync(Patience)).ShouldBeTrue();
        time.Advance(TimeSpan.FromMinutes(10));
        (await late).StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
    }

    [Fact]
    public async Task AfterATimeWithoutConnectionsTheTimeForAnAnswerIsStillLimited()
    {
        var time = new ManualTime();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, number) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            if (number == 1)
            {
                await connection.SendAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
                return;
            }

            asked.SetResult();
            await connection.ReadToEndAsync();
        });
        await using var gateway = await TestGateway.StartAsync(options: new ForwarderOptions { AnswerTimeout = TimeSpan.FromMinutes(5), Time = time });
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();
        using (var first = await client.GetAsync("/"))
            first.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        time.Advance(TimeSpan.FromMinutes(10));

        var asking = client.GetAsync("/");
        await asked.Task.WaitAsync(Patience);
        time.Advance(TimeSpan.FromMinutes(5));

        using var answer = await asking;
        answer.StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
    }

    [Fact]
    public async Task TheTimeForAnAnswerEndsWithItsHead()
    {
        var time = new ManualTime();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
            await go.Task.WaitAsync(Patience);
            await connection.SendAsync("cd");
        });
        await using var gateway = await TestGateway.StartAsync(options: new ForwarderOptions { AnswerTimeout = TimeSpan.FromMinutes(5), Time = time });
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        using var answer = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        time.Advance(TimeSpan.FromHours(1));
        go.SetResult();

        (await answer.Content.ReadAsStringAsync()).ShouldBe("abcd");
    }

    [Fact]
    public async Task TheTimeForAnAnswerEndsWithItsHeadAlsoWhereTheBodyGoesOnAfterIt()
    {
        var time = new ManualTime();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("first");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
            await connection.ReadUntilAsync("last");
            all.SetResult();
            await go.Task.WaitAsync(Patience);
            await connection.SendAsync("cd");
        });
        await using var gateway = await TestGateway.StartAsync(options: new ForwarderOptions { AnswerTimeout = TimeSpan.FromMinutes(5), Time = time });
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 9\r\n\r\nfirst");
        await client.ReadUntilAsync("ab");

        await client.SendAsync("last");
        await all.Task.WaitAsync(Patience);
        time.Advance(TimeSpan.FromHours(1));
        go.SetResult();

        await client.ReadUntilAsync("cd");
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200")]
    [InlineData("garbage\r\n\r\n")]
    public async Task AnInstanceThatEndsBeforeItsAnswerIsABadGateway(string said)
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(said);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        using var answer = await client.GetAsync("/");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
    }

    // The first request leaves a connection behind that the instance closes when the second one comes on it.
    private static RawUpstream ClosingAfterTheFirst(List<string> seen) => RawUpstream.Start(async (connection, number) =>
    {
        await connection.ReadUntilAsync("\r\n\r\n");
        await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        if (number > 1)
            return;
        var again = await connection.ReadUntilAsync("\r\n\r\n");
        lock (seen)
            seen.Add(again[..again.IndexOf(' ', StringComparison.Ordinal)]);
    });

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task AnIdempotentRequestOnAConnectionThatDiedIsSentAgain(string method)
    {
        var seen = new List<string>();
        await using var upstream = ClosingAfterTheFirst(seen);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();
        await client.GetStringAsync("/");

        using var request = new HttpRequestMessage(new HttpMethod(method), "/");
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        seen.ShouldBe([method]);
        upstream.Connections.ShouldBe(2);
    }

    [Theory]
    [InlineData("POST", "body")]
    [InlineData("POST", "")]
    [InlineData("PATCH", "")]
    public async Task ARequestThatMayHaveBeenDoneIsNotSentAgain(string method, string body)
    {
        var seen = new List<string>();
        await using var upstream = ClosingAfterTheFirst(seen);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();
        await client.GetStringAsync("/");

        using var request = new HttpRequestMessage(new HttpMethod(method), "/") { Content = new StringContent(body) };
        using var answer = await client.SendAsync(request);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        seen.ShouldBe([method]);
        upstream.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task ARefusedRequestLeavesNothingOfItsBodyToTheNextOne()
    {
        using var shut = AtRest.Shut(out var port);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 31\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n");

        var all = await client.ReadToEndAsync();
        all.ShouldStartWith("HTTP/1.1 502");
        all.IndexOf("HTTP/1.1", 8, StringComparison.Ordinal).ShouldBe(-1);
    }

    [Fact]
    public async Task OneInstanceThatIsStuckDoesNotKeepAnotherWaiting()
    {
        var done = new TaskCompletionSource();
        await using var stuck = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await done.Task.WaitAsync(Patience);
        });
        await using var well = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(
            ("alice.localhost", new("a", "alice", "alice", Server.Gateway.RouteState.Open, new Endpoint("127.0.0.1", stuck.Port))),
            ("bob.localhost", new("b", "bob", "bob", Server.Gateway.RouteState.Open, new Endpoint("127.0.0.1", well.Port))));
        using var alice = gateway.Client();
        using var bob = gateway.Client("bob.localhost");
        using var giveUp = new CancellationTokenSource();

        var waiting = Enumerable.Range(0, 50).Select(_ => alice.GetAsync("/", giveUp.Token)).ToArray();
        for (var i = 0; i < 20; i++)
            (await bob.GetStringAsync("/")).ShouldBe("ok");

        waiting.ShouldAllBe(w => !w.IsCompleted);
        await giveUp.CancelAsync();
        done.SetResult();
        foreach (var request in waiting)
            await Should.ThrowAsync<OperationCanceledException>(request);
    }
}
