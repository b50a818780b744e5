using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class WebhooksTests
{
    private static readonly DateTimeOffset Received = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    private static readonly WebhookResponse Waiting =
        new("alice", "0195a", "pending", Received, Received.AddDays(3), "POST", "/telegram/x", 12, "the app answered 503", Received.AddMinutes(5));

    private static readonly WebhookResponse Dead =
        new("alice", "0195b", "dead", Received, Received.AddDays(3), "POST", "/telegram/x", 12, "the app refused it: 422", null);

    [Fact]
    public async Task OneThatWaitsSaysWhyWhenItIsTriedAgainAndUntilWhenItIsTried()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/instances/alice/webhooks", Waiting, Dead);

        var run = await CliRun.Of(api, "webhooks", "list", "alice");

        run.ExitCode.ShouldBe(0, run.Error);
        var lines = run.Out.Split('\n');
        lines[0].ShouldContain("EXPIRES");
        lines[0].ShouldContain("NEXT TRY");
        var waiting = lines.Single(line => line.StartsWith("0195a", StringComparison.Ordinal));
        foreach (var word in (string[])["pending", Local(Received.AddMinutes(5)), Local(Received.AddDays(3)), "the app answered 503"])
            waiting.ShouldContain(word);
        lines.Single(line => line.StartsWith("0195b", StringComparison.Ordinal)).ShouldNotContain(Local(Received.AddDays(3)));
    }

    [Fact]
    public async Task JsonHasReasonNextTryAndExpiry()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/instances/alice/webhooks", Waiting);

        var hook = (await CliRun.Of(api, "webhooks", "list", "alice", "-o", "json")).Json[0];

        hook.GetProperty("reason").GetString().ShouldBe("the app answered 503");
        hook.GetProperty("nextTryAt").GetDateTimeOffset().ShouldBe(Received.AddMinutes(5));
        hook.GetProperty("expiresAt").GetDateTimeOffset().ShouldBe(Received.AddDays(3));
    }

    private static string Local(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
}
