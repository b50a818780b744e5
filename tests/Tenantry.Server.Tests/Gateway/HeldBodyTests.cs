using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Tests.Serving;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Bodies of requests that wait for an instance at rest.</summary>
public class HeldBodyTests
{
    [Fact]
    public async Task AHeldBodyArrivesWhole()
    {
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync($"{(await reader.ReadToEndAsync()).Length} {context.Request.ContentLength}");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = async (_, _) =>
        {
            await Task.Delay(100);
            return AwakeAt(app.Port);
        };
        LeadToRest(gateway, Rules with { Buffer = 1000 });
        using var client = gateway.Client();

        (await (await client.PostAsync("/", new StringContent(new string('x', 3_000_000)))).Content.ReadAsStringAsync()).ShouldBe("3000000 3000000");
        LeadToRest(gateway, Rules with { Buffer = 10_000_000 }, "bob");
        using var bob = gateway.Client("bob.localhost");
        (await (await bob.PostAsync("/", new StringContent(new string('x', 3_000_000)))).Content.ReadAsStringAsync()).ShouldBe("3000000 3000000");
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(300_000)]
    public async Task ABodyThatIsHeldTwiceArrivesAsItWasSent(int buffer)
    {
        await using var app = await AppUpstream.StartAsync(async context => await context.Response.WriteAsync(Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body))));
        await using var gateway = await TestGateway.StartAsync(waiting: new WakingOptions { ForOldRoutes = TimeSpan.FromMilliseconds(50) });
        var first = new TaskCompletionSource<WakeAnswer>();
        var second = new TaskCompletionSource<WakeAnswer>();
        var asked = 0;
        using var shut = Shut(out var portOfNobody);
        // Nobody listens where it is said to be, and then it is said to be changing.
        gateway.Engine.Wake = (_, _) => Interlocked.Increment(ref asked) switch
        {
            1 => first.Task,
            2 => Task.FromResult(new WakeAnswer(WakeOutcome.NotNow, "It is being changed.", 1)),
            _ => second.Task,
        };
        LeadToRest(gateway, Rules with { Buffer = buffer });
        var content = new byte[3_000_000];
        Random.Shared.NextBytes(content);
        using var client = gateway.Client();

        var body = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await body.Writer.WriteAsync(content.AsMemory(0, 500_000));
        var posted = client.PostAsync("/", new StreamContent(body.Reader.AsStream()));
        await UntilAsync(() => gateway.Held == 1);
        await Task.Delay(100);
        first.SetResult(AwakeAt(portOfNobody));
        await UntilAsync(() => Volatile.Read(ref asked) > 2 && gateway.Held == 1);
        await body.Writer.WriteAsync(content.AsMemory(500_000));
        await body.Writer.CompleteAsync();
        await Task.Delay(200);
        second.SetResult(AwakeAt(app.Port));

        (await (await posted).Content.ReadAsStringAsync()).ShouldBe(Convert.ToHexString(SHA256.HashData(content)));
    }

    [Fact]
    public async Task BeyondItsBufferASenderHasToWait()
    {
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            await context.Response.WriteAsync("all");
        });
        await using var gateway = await TestGateway.StartAsync();
        var wake = new TaskCompletionSource<WakeAnswer>();
        gateway.Engine.Wake = (_, _) => wake.Task;
        LeadToRest(gateway, Rules with { Buffer = 100_000 });
        using var client = gateway.Client();
        var sent = 0L;

        var asked = client.PostAsync("/", new StreamContent(new CountedStream(60_000_000, count => Interlocked.Add(ref sent, count))));
        await UntilAsync(() => gateway.Held == 1);
        await Waiting.ForQuietAsync(() => Interlocked.Read(ref sent), least: 1);
        Interlocked.Read(ref sent).ShouldBeLessThan(30_000_000, "what sockets hold and a little more");
        wake.SetResult(AwakeAt(app.Port));
        (await (await asked).Content.ReadAsStringAsync()).ShouldBe("all");
    }
}
