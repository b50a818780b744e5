using System.Text;
using Tenantry.Server.Gateway;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Ill-formed fields of an app that speaks HTTP/2 without TLS, as raw frames.</summary>
public class H2cFieldTests
{
    [Theory]
    [InlineData("x-a", "1\r\nX-Forged: 2")]
    [InlineData("x-a", "1\nX-Forged: 2")]
    [InlineData("x-a: 1\r\nX-Forged", "2")]
    [InlineData("x-a", "1\u0001")]
    public async Task AFieldThatWouldBecomeTwoInHttp1ReachesNobody(string name, string value)
    {
        await using var app = RawUpstream.Start(async (connection, number) =>
        {
            await connection.ReadUntilAsync("alice.localhost");
            byte[] field = RawHttp2.Fields((name, value));
            byte[] status = [0x88];
            byte[] said = number == 1
                ? [.. RawHttp2.Frame(RawHttp2.Settings, 0, 0, []), .. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders | RawHttp2.EndStream, 1, [.. status, .. field])]
                :
                [
                    .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, []), .. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, 1, status), .. RawHttp2.Frame(RawHttp2.Data, 0, 1, "ok"u8.ToArray()),
                    .. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders | RawHttp2.EndStream, 1, field),
                ];
            await connection.SendAsync(Encoding.Latin1.GetString(said));
            await connection.ReadToEndAsync();
        });
        await using var gateway = await TestGateway.StartAsync();
        foreach (var isTrailer in (bool[])[false, true])
        {
            // Another route for each, so that each has a connection of its own.
            gateway.Lead(("alice.localhost", new Route(isTrailer ? "id-b" : "id-a", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", app.Port)) { SpeaksHttp2 = true }));
            await using var client = await gateway.ConnectAsync();
            await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: close\r\n\r\n");
            var answer = await client.ReadToEndAsync();
            // What is wrong in a trailer cuts the answer, maybe before anything of it was sent.
            if (!isTrailer)
                answer.ShouldStartWith("HTTP/1.1 ");
            answer.Split('\n').ShouldNotContain(line => line.StartsWith("X-Forged", StringComparison.OrdinalIgnoreCase), answer);
        }
    }
}
