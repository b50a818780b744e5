using Tenantry.Server.Gateway;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Methods are told apart by case (RFC 9110 9.1): <c>head</c> is none that the gateway knows, and is answered with a body.</summary>
public class MethodTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task TheBodyOfAMethodThatOnlyLooksLikeHeadIsNotTheNextClientsAnswer()
    {
        const string Forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
        var others = new TaskCompletionSource();
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            while ((await connection.ReadUntilAsync("\r\n\r\n")).StartsWith("GET ", StringComparison.Ordinal))
                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Forged.Length}\r\n\r\n");
            await Task.WhenAny(connection.ReadUntilAsync("\r\n\r\n"), others.Task);
            await connection.SendAsync(Forged);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var mallory = await gateway.ConnectAsync();
        using var bob = gateway.Client();

        await mallory.SendAsync("head /x HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");
        await mallory.ReadUntilAsync("\r\n\r\n");
        for (var i = 0; i < 5; i++)
            (await bob.GetStringAsync("/").WaitAsync(Patience)).ShouldBe("ok");
        others.SetResult();

        (await mallory.ReadUntilAsync("forged")).ShouldBe(Forged);
    }

    [Theory]
    [InlineData("get")]
    [InlineData("Delete")]
    public async Task AMethodThatOnlyLooksIdempotentIsNotSentAgain(string method)
    {
        var asked = 0;
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            await connection.ReadUntilAsync("\r\n\r\n");
            Interlocked.Increment(ref asked);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");
        await client.ReadUntilAsync("ok");

        await client.SendAsync($"{method} / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 502");
        asked.ShouldBe(1);
        upstream.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task TheGatewaysOwnAnswerToAMethodThatOnlyLooksLikeHeadIsWhole()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("head / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n");

        (await client.ReadUntilAsync("No instance answers under this name.")).ShouldStartWith("HTTP/1.1 404");
    }

    [Theory]
    [InlineData("head", "HTTP/1.1 400")]
    [InlineData("patch", "HTTP/1.1 400")]
    [InlineData("PATCH", "HTTP/1.1 200")]
    [InlineData("m-search", "HTTP/1.1 200")]
    public async Task AnAppThatSpeaksHttp2IsNotAskedWithAnotherMethodThanTheClients(string method, string answer)
    {
        await using var app = await AppUpstream.StartAsync(
            context => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, context.Request.Method + "."), Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http2);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", app.Port)) { SpeaksHttp2 = true }));
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync($"{method} / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        var head = await client.ReadUntilAsync("\r\n\r\n");
        head.ShouldStartWith(answer);
        if (answer.EndsWith("200", StringComparison.Ordinal))
            await client.ReadUntilAsync(method + ".");
    }
}
