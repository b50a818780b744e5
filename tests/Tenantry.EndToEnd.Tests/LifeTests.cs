using System.Net;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>The whole life of tenants through the command line and the gateway, on the target local.</summary>
public class LifeTests
{
    private static readonly string Notes = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "notes");

    [MachineFact]
    public async Task APageForEveryTenantFromNothingToNothing()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();

        (await plane.CallAsync("app", "apply", "-f", Repository.Example("static"))).ShouldEndWith(0);
        foreach (var name in (string[])["alice", "bob"])
        {
            var added = await plane.JsonAsync("tenant", "add", name, "--app", "static");
            added.GetProperty("instance").GetProperty("phase").GetString().ShouldBe("Running");
            await visitor.AnswersAsync(plane, $"{name}.localhost", HttpStatusCode.OK, $"Hello from {name}");
        }

        (await visitor.GetAsync(plane, "carol.localhost")).Status.ShouldBe(HttpStatusCode.NotFound);
        var status = await plane.JsonAsync("status");
        status.EnumerateArray().Select(i => i.GetProperty("slug").GetString()).ShouldBe(["alice", "bob"]);

        (await plane.JsonAsync("tenant", "remove", "alice", "--yes")).GetProperty("name").GetString().ShouldBe("alice");
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.NotFound);
        await visitor.AnswersAsync(plane, "bob.localhost", HttpStatusCode.OK, "Hello from bob");
        (await plane.CallAsync("status", "alice")).ShouldEndWith(3);

        (await plane.CallAsync("tenant", "remove", "bob", "--yes")).ShouldEndWith(0);
        Machine.LeftOf(Path.Combine(plane.Folder, "targets"), plane.Cgroup).ShouldBeEmpty();
        (await plane.JsonAsync("orphans")).GetArrayLength().ShouldBe(0);
    }

    [MachineFact]
    public async Task RestFreezingAndRestartsKeepTheData()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        await AddAliceAsync(plane, visitor);

        (await plane.JsonAsync("restart", "alice")).GetProperty("phase").GetString().ShouldBe("Running");
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "2", "/starts");

        (await plane.JsonAsync("sleep", "alice")).GetProperty("phase").GetString().ShouldBe("Asleep");
        Machine.ProcessesIn(plane.Cgroup).ShouldBeEmpty();
        var held = await visitor.GetAsync(plane, "alice.localhost");
        held.Status.ShouldBe(HttpStatusCode.OK, held.Body);
        held.Body.ShouldContain("hello from alice");
        await Eventually.HoldsAsync(async () =>
        {
            var woken = await plane.JsonAsync("status", "alice");
            return (woken.GetProperty("phase").GetString() == "Running" && woken.GetProperty("wake").GetProperty("from").GetString() == "Asleep", woken.ToString());
        });
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "3", "/starts");
        var report = await plane.JsonAsync("wake", "report", "--instance", "alice");
        var wakes = report.EnumerateArray().Single(row => row.GetProperty("from").GetString() == "Asleep");
        wakes.GetProperty("count").GetInt32().ShouldBe(1);
        wakes.GetProperty("platform").GetProperty("p50").GetDouble().ShouldBeGreaterThan(0);

        (await plane.JsonAsync("freeze", "alice")).GetProperty("phase").GetString().ShouldBe("Frozen");
        Machine.ProcessesIn(plane.Cgroup).ShouldNotBeEmpty();
        (await plane.JsonAsync("wake", "alice")).GetProperty("phase").GetString().ShouldBe("Running");
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "3", "/starts");
    }

    [MachineFact]
    public async Task CommandsLogsStatsAndDataAreTheInstancesOwn()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        await AddAliceAsync(plane, visitor);

        var inside = await plane.CallWithInputAsync("typed", "exec", "alice", "--", "/bin/sh", "-c", "cat; echo; id -u; exit 3");
        inside.ShouldEndWith(3).Out.ShouldBe("typed\n1000\n");
        (await plane.CallAsync("exec", "alice", "--", "/bin/no-such-program")).ExitCode.ShouldNotBe(0);

        var logs = (await plane.CallAsync("logs", "alice")).ShouldEndWith(0).Out;
        logs.ShouldContain("web | start 1 of alice");
        logs.ShouldContain("web | a line to standard error");
        (await plane.CallAsync("logs", "alice", "--tail", "1")).ShouldEndWith(0).Out.TrimEnd().Split('\n').Length.ShouldBe(1);

        var stats = (await plane.JsonAsync("stats", "alice"))[0];
        stats.GetProperty("pids").GetInt32().ShouldBeGreaterThan(0);
        stats.GetProperty("memoryLimitBytes").GetInt64().ShouldBeInRange(31_990_000, 32_010_000);

        var tar = Path.Combine(plane.Folder, "alice.tar");
        (await plane.CallAsync("exec", "alice", "--", "/bin/sh", "-c", "echo precious > /data/note")).ShouldEndWith(0);
        (await plane.CallAsync("data", "export", "alice", "-f", tar)).ShouldEndWith(0);
        (await plane.CallAsync("exec", "alice", "--", "/bin/rm", "/data/note")).ShouldEndWith(0);
        (await plane.CallAsync("data", "import", "alice", "-f", tar, "--yes")).ExitCode.ShouldBe(4, "it is awake");
        (await plane.CallAsync("sleep", "alice")).ShouldEndWith(0);
        (await plane.CallAsync("data", "import", "alice", "-f", tar, "--yes")).ShouldEndWith(0);
        (await plane.CallAsync("wake", "alice")).ShouldEndWith(0);
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "precious", "/note");
    }

    [MachineFact]
    public async Task TiersFeaturesHostsAndReleasesChangeInPlace()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        await AddAliceAsync(plane, visitor);

        var plan = await plane.JsonAsync("tenant", "set", "alice", "--tier", "large", "--dry-run");
        plan.GetProperty("changes").EnumerateArray().ShouldContain(c => c.GetProperty("field").GetString() == "tier");
        (await plane.JsonAsync("status", "alice")).GetProperty("tier").GetString().ShouldBe("small");

        (await plane.JsonAsync("tenant", "set", "alice", "--tier", "large")).GetProperty("tier").GetString().ShouldBe("large");
        (await plane.JsonAsync("stats", "alice"))[0].GetProperty("memoryLimitBytes").GetInt64().ShouldBeInRange(63_990_000, 64_010_000);

        (await plane.CallAsync("tenant", "set", "alice", "--feature", "greeting=welcome", "--host", "notes.example")).ShouldEndWith(0);
        await visitor.AnswersAsync(plane, "notes.example", HttpStatusCode.OK, "welcome from alice");

        var copy = Path.Combine(plane.Folder, "notes-2");
        Directory.CreateDirectory(Path.Combine(copy, "bin"));
        await File.WriteAllTextAsync(Path.Combine(copy, "tenantry.yaml"), await File.ReadAllTextAsync(Path.Combine(Notes, "tenantry.yaml")));
        await File.WriteAllTextAsync(Path.Combine(copy, "bin", "run.sh"), (await File.ReadAllTextAsync(Path.Combine(Notes, "bin", "run.sh"))).Replace("from $TENANT", "from the new $TENANT", StringComparison.Ordinal));
        (await plane.JsonAsync("app", "apply", "-f", copy)).GetProperty("newRelease").GetBoolean().ShouldBeTrue();
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "welcome from alice");
        (await plane.CallAsync("deploy", "--app", "notes")).ShouldEndWith(0);
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "welcome from the new alice");
    }

    [MachineFact]
    public async Task OneBuildServesAllTenantsAndUnchangedInputsAreNotBuiltAgain()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        (await plane.CallAsync("app", "apply", "-f", Notes)).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "alice", "--app", "notes", "--no-wait")).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "bob", "--app", "notes")).ShouldEndWith(0);
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "hello from alice");

        var built = (await plane.CallAsync("exec", "alice", "--", "/bin/cat", "/app/built-at")).ShouldEndWith(0).Out;
        (await plane.CallAsync("exec", "bob", "--", "/bin/cat", "/app/built-at")).ShouldEndWith(0).Out.ShouldBe(built);
        (await plane.JsonAsync("app", "apply", "-f", Notes)).GetProperty("newRelease").GetBoolean().ShouldBeFalse();
        (await plane.CallAsync("tenant", "add", "carol", "--app", "notes")).ShouldEndWith(0);
        (await plane.CallAsync("exec", "carol", "--", "/bin/cat", "/app/built-at")).ShouldEndWith(0).Out.ShouldBe(built);
    }

    private static async Task AddAliceAsync(ControlPlane plane, Visitor visitor)
    {
        (await plane.CallAsync("app", "apply", "-f", Notes)).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "alice", "--app", "notes")).ShouldEndWith(0);
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "hello from alice");
    }
}
