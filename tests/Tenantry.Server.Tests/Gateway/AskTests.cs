using System.Net;

namespace Tenantry.Server.Tests.Gateway;

public class AskTests
{
    [Theory]
    [InlineData("alice.localhost", HttpStatusCode.OK)]
    [InlineData("ALICE.localhost.", HttpStatusCode.OK)]
    [InlineData("bob.localhost", HttpStatusCode.NotFound)]
    [InlineData("", HttpStatusCode.NotFound)]
    public async Task AProxyInFrontLearnsWhichNamesAreOurs(string name, HttpStatusCode status)
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(1);
        using var client = gateway.Client("127.0.0.1");

        (await client.GetAsync($"/.tenantry/ask?domain={name}")).StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task ThePathOfAnInstanceIsItsOwn()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        (await client.GetAsync("/.tenantry/ask?domain=bob.localhost")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }
}
