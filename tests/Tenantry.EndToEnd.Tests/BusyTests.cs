using System.Text.Json;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Targets.Tests.Local.Attacks;

namespace Tenantry.EndToEnd.Tests;

/// <summary>Work that no request tells of, on the target local: nobody asks these instances anything.</summary>
public class BusyTests
{
    private static string App(string name) => Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", name);

    [MachineFact("nft")]
    public async Task AnAgentThatOnlyCallsOutIsNeverPutToSleepAndItsQuietNeighbourIs()
    {
        using var network = await StandInNetwork.MakeAsync();
        await using var plane = await ControlPlane.StartWithLocalAsync(network.HostNetwork);
        foreach (var app in (string[])["caller", "quiet"])
        {
            (await plane.CallAsync("app", "apply", "-f", App(app))).ShouldEndWith(0);
            (await plane.CallAsync("tenant", "add", app, "--app", app)).ShouldEndWith(0);
        }

        // Each round is longer than the caller would have needed to fall asleep.
        for (var round = 0; round < 2; round++)
        {
            await IsAsync(plane, "quiet", "Asleep");
            var caller = await plane.JsonAsync("status", "caller");
            caller.GetProperty("phase").GetString().ShouldBe("Running", caller.ToString());
            caller.GetProperty("rest").GetString()!.ShouldContain("sent ", Case.Sensitive, caller.ToString());
            (await plane.CallAsync("wake", "quiet")).ShouldEndWith(0);
        }

        var wake = (await plane.JsonAsync("status", "caller")).GetProperty("wake");
        wake.ValueKind.ShouldBe(JsonValueKind.Null, $"it was never put to rest: {wake}");
    }

    [MachineFact]
    public async Task AnAppThatSaysThatItIsBusyStaysAwakeUntilItSaysThatItIsNot()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        foreach (var app in (string[])["worker", "worker-by-command"])
        {
            (await plane.CallAsync("app", "apply", "-f", App(app))).ShouldEndWith(0);
            (await plane.CallAsync("tenant", "add", app, "--app", app)).ShouldEndWith(0);
        }

        await SaysAsync(plane, "worker", "the app says that it is busy");
        await SaysAsync(plane, "worker-by-command", "the app says that it is busy");

        await RunAsync(plane, "worker", "rm /data/busy");
        await RunAsync(plane, "worker-by-command", "echo > /data/stuck; rm /data/working");
        await SaysAsync(plane, "worker", "was asked whether it is busy and gave no clear answer in time");
        await SaysAsync(plane, "worker-by-command", "was asked whether it is busy and gave no clear answer in time");

        await RunAsync(plane, "worker", "echo '{\"busy\": false}' > /data/busy");
        await RunAsync(plane, "worker-by-command", "rm /data/stuck");
        await IsAsync(plane, "worker", "Asleep");
        await IsAsync(plane, "worker-by-command", "Asleep");
    }

    private static Task IsAsync(ControlPlane plane, string slug, string phase) => Eventually.HoldsAsync(async () =>
    {
        var status = await plane.JsonAsync("status", slug);
        return (status.GetProperty("phase").GetString() == phase, status.ToString());
    });

    // It says so once it was idle for long enough to be asked, and runs.
    private static Task SaysAsync(ControlPlane plane, string slug, string reason) => Eventually.HoldsAsync(async () =>
    {
        var status = await plane.JsonAsync("status", slug);
        status.GetProperty("phase").GetString().ShouldBe("Running", status.ToString());
        return (status.TryGetProperty("rest", out var rest) && rest.GetString() is { } told && told.Contains(reason, StringComparison.Ordinal), status.ToString());
    });

    private static async Task RunAsync(ControlPlane plane, string slug, string script) =>
        (await plane.CallAsync("exec", slug, "--", "/bin/sh", "-c", script)).ShouldEndWith(0);
}
