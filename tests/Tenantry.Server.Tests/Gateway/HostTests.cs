using System.Net;
using Tenantry.Server.Gateway;

namespace Tenantry.Server.Tests.Gateway;

public class HostTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Theory]
    [InlineData("alice.localhost")]
    [InlineData("ALICE.LocalHost")]
    [InlineData("alice.localhost.")]
    [InlineData("alice.localhost:8080")]
    [InlineData("alice.localhost.:8080")]
    public async Task EveryWayToWriteAHostLeadsToItsInstance(string host)
    {
        await using var upstream = RawUpstream.Answering(Ok);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var connection = await gateway.ConnectAsync();

        await connection.SendAsync($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");

        (await connection.ReadUntilAsync("hello")).ShouldStartWith("HTTP/1.1 200 OK");
    }

    [Theory]
    [InlineData("bob.localhost")]
    [InlineData("localhost")]
    [InlineData("alice.localhost.evil.example")]
    [InlineData("xalice.localhost")]
    [InlineData("alice")]
    [InlineData("[::1]:8080")]
    public async Task AnUnknownHostIsNotFoundAndNoInstanceIsTouched(string host)
    {
        await using var upstream = RawUpstream.Answering(Ok);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var connection = await gateway.ConnectAsync();

        await connection.SendAsync($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");

        (await connection.ReadToEndAsync()).ShouldStartWith("HTTP/1.1 404");
        upstream.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task TwoInstancesAreTwoPlaces()
    {
        await using var one = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
        await using var two = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(
            ("alice.localhost", new Route("a", "alice", "alice", RouteState.Open, new("127.0.0.1", one.Port))),
            ("bob.localhost", new Route("b", "bob", "bob", RouteState.Open, new("127.0.0.1", two.Port))));
        using var alice = gateway.Client();
        using var bob = gateway.Client("bob.localhost");

        (await alice.GetStringAsync("/")).ShouldBe("one");
        (await bob.GetStringAsync("/")).ShouldBe("two");
    }

    [Fact]
    public async Task APageIsForBrowsersAndAProblemForPrograms()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client();

        using var problem = await client.GetAsync("/");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Accept", "text/html,application/xhtml+xml" } } };
        using var page = await client.SendAsync(request);

        problem.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        problem.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await problem.Content.ReadAsStringAsync()).ShouldContain("\"code\":\"not-found\"");
        page.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        page.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        (await page.Content.ReadAsStringAsync()).ShouldContain("<h1>Nothing here</h1>");
    }

    [Theory]
    [InlineData(RouteState.Starting, "2")]
    [InlineData(RouteState.Failed, "30")]
    [InlineData(RouteState.Leaving, "30")]
    [InlineData(RouteState.WithoutPort, "3600")]
    public async Task AnInstanceThatDoesNotRunIsUnavailableWithAReasonAndATime(RouteState state, string retryAfter)
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(0, state: state);
        using var client = gateway.Client();

        using var answer = await client.GetAsync("/");

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.GetValues("Retry-After").ShouldBe([retryAfter]);
        var text = await answer.Content.ReadAsStringAsync();
        text.ShouldContain("\"detail\":\"The instance ");
        text.ShouldNotContain("127.0.0.1");
        text.ShouldNotContain("localhost");
    }

    [Fact]
    public async Task TheHeadOfAnUnavailableInstanceHasNoBody()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(0, state: RouteState.Starting);
        await using var connection = await gateway.ConnectAsync();

        await connection.SendAsync("HEAD / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: close\r\n\r\n");

        var all = await connection.ReadToEndAsync();
        all.ShouldStartWith("HTTP/1.1 503");
        all.ShouldEndWith("\r\n\r\n");
    }

    [Fact]
    public async Task ARouteThatIsSwappedLeadsElsewhereOnTheSameConnection()
    {
        await using var one = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
        await using var two = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client();
        gateway.Lead(one.Port);
        (await client.GetStringAsync("/")).ShouldBe("one");

        gateway.Lead(two.Port);

        (await client.GetStringAsync("/")).ShouldBe("two");
    }
}
