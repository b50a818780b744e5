using System.Net;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>
/// The engine is killed at every boundary of an operation's work; after a new start everything is as if nothing had happened. The boundaries
/// are not known here: each test goes on with the next one until an operation ends without having met it.
/// </summary>
public class CrashTests
{
    private const int MostBoundaries = 60;
    private static readonly string Notes = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "notes");

    [MachineFact]
    public async Task ACreationSurvivesAKillAtEveryBoundary()
    {
        await using var plane = await StartAsync();
        await plane.StopAsync();
        var boundaries = await ForEachBoundaryAsync(plane, "create", async (number, visitor) =>
        {
            var name = $"t{number}";
            await CallUntilCrashAsync(plane, "tenant", "add", name, "--app", "notes");
            return () => AsIfNothingHappenedAsync(plane, visitor, name);
        });

        boundaries.ShouldBeGreaterThan(5);
    }

    [MachineFact]
    public async Task AnUpdateSurvivesAKillAtEveryBoundary()
    {
        await using var plane = await StartAsync("alice");
        await plane.StopAsync();
        var boundaries = await ForEachBoundaryAsync(plane, "update", async (number, visitor) =>
        {
            var greeting = $"greeting-{number}";
            await CallUntilCrashAsync(plane, "tenant", "set", "alice", "--feature", $"greeting={greeting}");
            return async () =>
            {
                await AsIfNothingHappenedAsync(plane, visitor, "alice");
                await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, $"{greeting} from alice");
            };
        });

        boundaries.ShouldBeGreaterThan(2);
    }

    [MachineFact]
    public async Task ARestartSurvivesAKillAtEveryBoundary()
    {
        await using var plane = await StartAsync("alice");
        await plane.StopAsync();
        var boundaries = await ForEachBoundaryAsync(plane, "restart", async (_, visitor) =>
        {
            await CallUntilCrashAsync(plane, "restart", "alice");
            return () => AsIfNothingHappenedAsync(plane, visitor, "alice");
        });

        boundaries.ShouldBeGreaterThan(2);
    }

    [MachineFact]
    public async Task ADeletionSurvivesAKillAtEveryBoundary()
    {
        await using var plane = await StartAsync();
        await plane.StopAsync();
        var boundaries = await ForEachBoundaryAsync(plane, "delete", async (number, visitor) =>
        {
            var name = $"t{number}";
            (await plane.CallAsync("tenant", "add", name, "--app", "notes")).ShouldEndWith(0);
            await CallUntilCrashAsync(plane, "tenant", "remove", name, "--yes");
            return () => Eventually.HoldsAsync(async () =>
            {
                var tenants = (await plane.JsonAsync("tenant", "list")).GetArrayLength();
                var left = Machine.LeftOf(Path.Combine(plane.Folder, "targets"), plane.Cgroup);
                return (tenants == 0 && left.Count == 0, $"{tenants} tenants, {string.Join("; ", left)}");
            });
        });

        boundaries.ShouldBeGreaterThan(5);
    }

    private static async Task<ControlPlane> StartAsync(params string[] tenants)
    {
        var plane = await ControlPlane.StartWithLocalAsync();
        (await plane.CallAsync("app", "apply", "-f", Notes)).ShouldEndWith(0);
        foreach (var tenant in tenants)
            (await plane.CallAsync("tenant", "add", tenant, "--app", "notes")).ShouldEndWith(0);
        return plane;
    }

    // Act runs while the next boundary kills the engine; what it returns looks at the state after a new start.
    private static async Task<int> ForEachBoundaryAsync(ControlPlane plane, string kind, Func<int, Visitor, Task<Func<Task>>> act)
    {
        using var visitor = new Visitor();
        for (var number = 1; number <= MostBoundaries; number++)
        {
            await plane.StartAsync($"{kind}:{number}");
            var look = await act(number, visitor);
            if (!plane.HasEnded)
            {
                // There are no more boundaries: this one was done without a crash.
                await look();
                return number - 1;
            }

            await plane.KillAsync();
            await plane.StartAsync();
            await look();
            (await plane.StopAsync()).ShouldBe(0);
        }

        throw new InvalidOperationException($"More than {MostBoundaries} boundaries.");
    }

    // The command waits for an operation that the crash cuts off: it must neither say that it is done nor wait for ever.
    private static async Task CallUntilCrashAsync(ControlPlane plane, params string[] arguments)
    {
        var call = plane.CallAsync([.. arguments, "--timeout", "90s"]);
        var crash = Eventually.HoldsAsync(() => (plane.HasEnded || call.IsCompleted, "running"));
        await crash;
        if (!plane.HasEnded)
        {
            (await call).ShouldEndWith(0);
            // The kill comes after the last boundary was written, an instant before the answer or after it.
            return;
        }

        // Mostly 7 (nobody answers); 1 when the dying server still answered with a failure.
        (await call).ExitCode.ShouldBeOneOf(1, 7);
    }

    private static async Task AsIfNothingHappenedAsync(ControlPlane plane, Visitor visitor, string name)
    {
        await Eventually.HoldsAsync(async () =>
        {
            var found = await plane.CallAsync("status", name, "-o", "json");
            if (found.ExitCode != 0)
                return (false, found.Error);
            var i = found.Json;
            var settled = i.GetProperty("phase").GetString() == "Running"
                && i.GetProperty("health").GetString() == "Healthy"
                && i.GetProperty("generation").GetInt64() == i.GetProperty("observedGeneration").GetInt64()
                && i.GetProperty("drift").GetArrayLength() == 0;
            var open = (await plane.JsonAsync("operations", "--instance", name)).EnumerateArray().Count(o => o.GetProperty("state").GetString() is "Pending" or "Running");
            return (settled && open == 0, found.Out);
        });
        await visitor.AnswersAsync(plane, $"{name}.localhost", HttpStatusCode.OK, $"from {name}");
        Machine.ProcessesIn($"{plane.Cgroup}").Count(pid => Machine.CommandLine(pid).Contains("httpd", StringComparison.Ordinal))
            .ShouldBe((await plane.JsonAsync("status")).GetArrayLength(), "one process for each instance, none doubled");
        (await plane.JsonAsync("orphans")).GetArrayLength().ShouldBe(0);
    }
}
