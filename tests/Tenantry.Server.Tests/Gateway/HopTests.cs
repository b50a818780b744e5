namespace Tenantry.Server.Tests.Gateway;

/// <summary>What a gateway says and heeds as one of several on the way (RFC 9110 7.6).</summary>
public class HopTests
{
    private static async Task<(string Answer, string? Seen)> AskAsync(string request)
    {
        await using var upstream = RawUpstream.Hearing(out var seen);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync(request);
        var answer = await client.ReadUntilAsync("\r\n\r\n");
        return (answer, upstream.Connections > 0 ? await seen : null);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n", "Via: 1.1 tenantry")]
    [InlineData("GET / HTTP/1.0\r\nHost: alice.localhost\r\n\r\n", "Via: 1.0 tenantry")]
    [InlineData("GET / HTTP/1.1\r\nVia: 2.0 edge\r\nHost: alice.localhost\r\nX-Last: 1\r\n\r\n", "Via: 2.0 edge\r\nVia: 1.1 tenantry")]
    public async Task TheInstanceIsToldThatARequestCameThroughAGatewayAfterThoseBeforeIt(string request, string said)
    {
        var (_, seen) = await AskAsync(request);

        string.Join("\r\n", seen!.Split("\r\n").Where(line => line.StartsWith("Via:", StringComparison.OrdinalIgnoreCase))).ShouldBe(said);
    }

    [Fact]
    public async Task TheInstanceIsToldThatTheClientSpeaksHttp2()
    {
        await using var upstream = RawUpstream.Hearing(out var seen);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client(version: System.Net.HttpVersion.Version20);

        using var answer = await client.GetAsync("/");

        (await seen).ShouldContain("\r\nVia: 2.0 tenantry\r\n");
    }

    [Theory]
    [InlineData("OPTIONS", "1", "0")]
    [InlineData("TRACE", "10", "9")]
    [InlineData("OPTIONS", "99999999999999999999", "999999998")]
    [InlineData("OPTIONS", "-1", "-1")]
    [InlineData("GET", "0", "0")]
    public async Task WhatMayComeSoFarIsToldThatItMayComeOneLess(string method, string said, string heard)
    {
        var (_, seen) = await AskAsync($"{method} / HTTP/1.1\r\nHost: alice.localhost\r\nMax-Forwards: {said}\r\n\r\n");

        seen.ShouldNotBeNull().ShouldContain($"\r\nMax-Forwards: {heard}\r\n");
    }

    [Theory]
    [InlineData("OPTIONS", "HTTP/1.1 200")]
    [InlineData("TRACE", "HTTP/1.1 501")]
    public async Task WhatIsToComeNoFurtherIsAnsweredByTheGateway(string method, string said)
    {
        var (answer, seen) = await AskAsync($"{method} / HTTP/1.1\r\nHost: alice.localhost\r\nMax-Forwards: 0\r\n\r\n");

        answer.ShouldStartWith(said);
        seen.ShouldBeNull();
    }
}
