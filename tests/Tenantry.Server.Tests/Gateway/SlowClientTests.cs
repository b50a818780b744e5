using Microsoft.AspNetCore.Http;
using Tenantry.Server.Gateway.Forwarding;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Clients that begin and do not go on.</summary>
public class SlowClientTests
{
    private static readonly ForwarderOptions Impatient = new() { HeadTimeout = TimeSpan.FromMilliseconds(1500) };

    [Theory]
    [InlineData("", "")]
    [InlineData("PRI * HT", "")]
    [InlineData("P", "")]
    [InlineData("G", "HTTP/1.1 408 ")]
    [InlineData("GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-Slow: 1\r\n", "HTTP/1.1 408 ")]
    public async Task AHeadThatDoesNotComeToItsEndLosesItsConnection(string begin, string answer)
    {
        await using var gateway = await TestGateway.StartAsync(options: Impatient);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(begin);

        (await client.ReadToEndAsync()).ShouldStartWith(answer);
    }

    [Fact]
    public async Task AHeadThatComesByteByByteIsNotGivenMoreTimeForEach()
    {
        await using var gateway = await TestGateway.StartAsync(options: Impatient);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nX-Slow: ");

        var dripping = Task.Run(async () =>
        {
            while (true)
            {
                await client.SendAsync("x");
                await Task.Delay(50);
            }
        });

        (await client.ReadToEndAsync()).ShouldStartWith("HTTP/1.1 408 ");
        await client.DisposeAsync();
        await dripping.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task AClientThatVanishesWithoutAWordIsAskedForByTheKernel()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n");
        await client.ReadUntilAsync("HTTP/1.1 404");
        var ends = $":{gateway.Port:X4} 0100007F:{((System.Net.IPEndPoint)client.Socket.LocalEndPoint!).Port:X4} 01 ";

        // The kernel's own list: the kind of the timer that runs for the gateway's side, and when it goes off, in hundredths of a second.
        await AtRest.UntilAsync(() => File.ReadLines("/proc/self/net/tcp").FirstOrDefault(line => line.Contains(ends, StringComparison.Ordinal))?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[5] is { } timer
            && timer.StartsWith("02:", StringComparison.Ordinal) && Convert.ToInt32(timer[3..], 16) is > 6_000 and <= 12_000);
    }

    [Fact]
    public async Task AConnectionThatIsNewWhenTheGatewayEndsGetsTheAnswerToItsFirstRequest()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("ok"));
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        await using var waiting = await gateway.ConnectAsync();
        await using var client = await gateway.ConnectAsync();
        await waiting.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");
        await waiting.ReadUntilAsync("ok\r\n0\r\n\r\n");
        // Nobody is left in the queue of the gateway's door.
        var door = $":{gateway.Port:X4} 00000000:0000 0A ";
        await AtRest.UntilAsync(() => File.ReadLines("/proc/self/net/tcp").Single(line => line.Contains(door, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[4].EndsWith(":00000000", StringComparison.Ordinal));

        using var drain = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var ending = gateway.Server.StopAsync(drain.Token);
        (await waiting.ReadToEndAsync()).ShouldBe("", "between requests a connection ends at once");
        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        var answer = await client.ReadToEndAsync();
        answer.ShouldStartWith("HTTP/1.1 200 ");
        answer.ShouldContain("Connection: close");
        answer.ShouldContain("ok");
        await ending;
    }

    [Fact]
    public async Task AConnectionThatServesIsNotCutBetweenRequestsAndWithinBodies()
    {
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync($"[{await reader.ReadToEndAsync()}]");
        });
        await using var gateway = await TestGateway.StartAsync(options: Impatient);
        gateway.Lead(app.Port);
        await using var client = await gateway.ConnectAsync();

        for (var i = 0; i < 2; i++)
        {
            await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 4\r\n\r\nab");
            await Task.Delay(2000);
            await client.SendAsync("cd");
            await client.ReadUntilAsync("[abcd]");
            await Task.Delay(2000);
        }
    }
}
