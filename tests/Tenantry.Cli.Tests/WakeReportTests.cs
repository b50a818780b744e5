using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class WakeReportTests
{
    private static readonly WakeSummaryResponse Row = new("notes", "local", InstancePhase.Asleep, 12, new WakeTimes(0.02, 0.03, 0.045, 0.05), new WakeTimes(0.5, 1.5, 2.5, 3));

    [Fact]
    public async Task TheReportShowsThePlatformsPartAndTheAppsApart()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/wakes/report", Row);

        var run = await CliRun.Of(api, "wake", "report");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("PLATFORM P50");
        var line = run.Out.Split('\n').Single(text => text.StartsWith("notes", StringComparison.Ordinal));
        foreach (var word in (string[])["local", "Asleep", "12", "20 ms", "30 ms", "45 ms", "500 ms", "1.5 s", "2.5 s"])
            line.ShouldContain(word);
    }

    [Fact]
    public async Task OneInstanceAndJsonAreAskedFor()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/wakes/report", Row);

        var run = await CliRun.Of(api, "wake", "report", "--instance", "alice", "-o", "json");

        api.Single("GET /v1/wakes/report").Query.ShouldContain("instance=alice");
        run.Json[0].GetProperty("platform").GetProperty("p95").GetDouble().ShouldBe(0.03);
    }

    [Fact]
    public async Task WithoutAWakeItSaysSo()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList<WakeSummaryResponse>("GET /v1/wakes/report");

        (await CliRun.Of(api, "wake", "report")).Out.ShouldContain("No wake yet.");
    }
}
