using Microsoft.AspNetCore.Http;
using Tenantry.Server.Engine;
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
        var before = -1L;
        while (before != Interlocked.Read(ref sent))
        {
            before = Interlocked.Read(ref sent);
            await Task.Delay(200);
        }

        before.ShouldBeLessThan(30_000_000, "what sockets hold and a little more");
        wake.SetResult(AwakeAt(app.Port));
        (await (await asked).Content.ReadAsStringAsync()).ShouldBe("all");
    }
}
