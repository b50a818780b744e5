using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Waking;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>What comes from outside and is not a client's to say, or could be read in two ways.</summary>
public class OutsideWordTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("Proxy")]
    [InlineData("Tenantry-Delivery")]
    [InlineData("tenantry-received")]
    [InlineData("Tenantry_Delivery")]
    public async Task ANameThatIsReadAsSomebodyElsesWordDoesNotReachTheApp(string name)
    {
        await using var upstream = RawUpstream.Hearing(out var seen);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync($"GET / HTTP/1.1\r\nHost: alice.localhost\r\n{name}: forged\r\nProxy-Mine: x\r\n\r\n");

        var head = await seen.WaitAsync(Patience);
        head.ShouldNotContain("forged");
        head.ShouldContain("Proxy-Mine: x");
    }

    [Theory]
    [InlineData("/", "x-odd", "a\u0001b")]
    [InlineData("/", "x-odd", "a\u007fb")]
    [InlineData("/x#y", "x-odd", "a")]
    public async Task WhatHttp1RefusesDoesNotComeThroughOverHttp2(string path, string name, string value)
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await RawHttp2.ConnectAsync(gateway.Port);

        await client.SendAsync(RawHttp2.Headers, RawHttp2.EndStream | RawHttp2.EndHeaders, 1, RawHttp2.Fields(
            (":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "alice.localhost"), (name, value)));
        await client.AnswerFramesAsync();

        upstream.Connections.ShouldBe(0);
    }

    [Theory]
    [InlineData("X-Forwarded-Proto", "https")]
    [InlineData("X-Forwarded-Host", "shop.example")]
    [InlineData("X-Real-IP", "203.0.113.7")]
    public async Task WhatATrustedProxySaysIsNotTakenBackByAListOfItsClient(string name, string value)
    {
        await using var upstream = RawUpstream.Hearing(out var seen);
        await using var gateway = await TestGateway.StartAsync(options: new() { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] });
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync($"GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: {name}\r\n{name}: {value}\r\n\r\n");

        (await seen.WaitAsync(Patience)).ShouldContain($"\r\n{name}: {value}\r\n");
    }

    [Fact]
    public async Task NothingIsSaidBesideThe100ThatAClientWaitsFor()
    {
        const string hint = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(hint + "HTTP/1.1 100 Continue\r\n\r\n" + hint);
            await connection.ReadUntilAsync("body");
            await connection.SendAsync(hint + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        (await client.ReadUntilAsync("\r\n\r\n")).ShouldBe("HTTP/1.1 100 Continue\r\n\r\n");
        await client.SendAsync("body");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 103");
        (await client.ReadUntilAsync("ok")).ShouldStartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task WhatIsToldTheEngineOfVeryManyInstancesFitsIntoItsFrames()
    {
        var engine = new FakeEngine();
        var gates = new Gates(TimeProvider.System);
        for (var i = 0; i < 2500; i++)
            gates.Of($"0192f0c1-2345-7000-8000-{i:d12}");
        using var attendance = new EngineAttendance(engine, gates, TimeProvider.System, NullLogger<EngineAttendance>.Instance);
        await attendance.StartAsync(CancellationToken.None);

        var told = new HashSet<string>(StringComparer.Ordinal);
        using var late = new CancellationTokenSource(Patience);
        while (told.Count < 2500)
        {
            var report = await engine.Reports.Reader.ReadAsync(late.Token);
            report.Uses.Count.ShouldBeLessThanOrEqualTo(1000);
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(report).Length.ShouldBeLessThan(EngineFrames.LongestPayload / 4);
            told.UnionWith(report.Uses.Select(use => use.InstanceId));
        }

        await attendance.StopAsync(CancellationToken.None);
    }
}
