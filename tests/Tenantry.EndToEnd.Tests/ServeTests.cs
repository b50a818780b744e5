using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary><c>tenantry serve</c> as a service manager sees it, and what its web side could do if it were taken over.</summary>
public class ServeTests
{
    [MachineFact]
    public async Task AddressesAreOneLineOfJsonAndAFileAndSigtermEndsItInOrder()
    {
        await using var plane = new ControlPlane();
        await plane.StartAsync();

        var file = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(plane.Folder, "addresses.json"))).RootElement;
        file.GetProperty("api").GetString().ShouldBe(plane.Api);
        file.GetProperty("gateway").GetString().ShouldBe(plane.Gateway);
        (await plane.CallAsync("doctor", "-o", "json")).ExitCode.ShouldBe(1, "no target is configured");

        (await plane.StopAsync()).ShouldBe(0);
        (await plane.CallAsync("status")).ShouldEndWith(7);
    }

    [MachineFact]
    public async Task InstancesGoOnRunningWithoutTheControlPlaneAndAreTakenUpAgain()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        (await plane.CallAsync("app", "apply", "-f", Repository.Example("static"))).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "alice", "--app", "static")).ShouldEndWith(0);
        var before = Machine.ProcessesIn(plane.Cgroup);
        before.ShouldNotBeEmpty();

        (await plane.StopAsync()).ShouldBe(0);
        Machine.ProcessesIn(plane.Cgroup).ShouldBe(before);
        await plane.StartAsync();

        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "Hello from alice");
        Machine.ProcessesIn(plane.Cgroup).ShouldBe(before, "nothing was restarted");
    }

    [MachineFact]
    public async Task AnInstanceThatIsKilledComesBackByItself()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        (await plane.CallAsync("app", "apply", "-f", Repository.Example("static"))).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "alice", "--app", "static")).ShouldEndWith(0);
        var before = Machine.ProcessesIn(plane.Cgroup);

        foreach (var pid in before)
            Process.GetProcessById(pid).Kill();

        await Eventually.HoldsAsync(() =>
        {
            var now = Machine.ProcessesIn(plane.Cgroup);
            return (now.Count > 0 && !now.Intersect(before).Any(), string.Join(' ', now));
        });
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "Hello from alice");
    }

    [MachineFact]
    public async Task TheWebSideHoldsNoPrivilegeAndNoKey()
    {
        await using var plane = new ControlPlane();
        await plane.StartAsync();

        var web = Machine.ChildrenOf(plane.Pid).Where(pid => Machine.CommandLine(pid).Contains("tenantry", StringComparison.Ordinal)).ShouldHaveSingleItem();

        foreach (var field in (string[])["CapInh", "CapPrm", "CapEff", "CapAmb"])
            ulong.Parse(Machine.Status(web, field), System.Globalization.NumberStyles.HexNumber).ShouldBe(0ul, field);
        Machine.Status(web, "Uid").Split('\t').ShouldAllBe(id => id != "0");
        Machine.Status(web, "Gid").Split('\t').ShouldAllBe(id => id != "0");
        Machine.Status(web, "Groups").Split(' ', StringSplitOptions.RemoveEmptyEntries).ShouldNotContain("0");
        Machine.Status(web, "NoNewPrivs").ShouldBe("1");

        // What a program of that user could read, were it to run there.
        var user = Machine.Status(web, "Uid").Split('\t')[0];
        var key = Path.Combine(plane.Folder, "engine", "engine.key");
        File.Exists(key).ShouldBeTrue();
        (await Finished.RunAsync("/usr/bin/setpriv", ["--reuid", user, "--clear-groups", "--regid", user, "/bin/cat", key])).ExitCode.ShouldNotBe(0);

        // The engine listens on no network: every listening socket of the machine that it could have is the web side's.
        ListeningSockets(plane.Pid).ShouldBeEmpty();
    }

    private static List<string> ListeningSockets(int pid)
    {
        var inodes = File.ReadLines($"/proc/{pid}/net/tcp").Concat(File.ReadLines($"/proc/{pid}/net/tcp6"))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 9 && fields[3] == "0A")
            .Select(fields => $"socket:[{fields[9]}]")
            .ToHashSet(StringComparer.Ordinal);
        return [.. Directory.GetFiles($"/proc/{pid}/fd").Select(fd => new FileInfo(fd).LinkTarget).OfType<string>().Where(inodes.Contains)];
    }

    [MachineFact]
    public async Task AByteOfTheAuditThatWasChangedInTheDatabaseIsFound()
    {
        const string row = "organization unmistakable";
        await using var plane = new ControlPlane();
        await plane.StartAsync();
        (await plane.CallAsync("organization", "add", "unmistakable")).ShouldEndWith(0);
        (await plane.CallAsync("organization", "add", "other")).ShouldEndWith(0);
        (await plane.CallAsync("audit", "verify")).ShouldEndWith(0);
        (await plane.StopAsync()).ShouldBe(0);

        var file = Path.Combine(plane.Folder, "store", "tenantry.db");
        var bytes = await File.ReadAllBytesAsync(file);
        var at = bytes.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(row));
        at.ShouldBeGreaterThan(0);
        bytes[at] = (byte)'O';
        await File.WriteAllBytesAsync(file, bytes);
        await plane.StartAsync();

        var verify = await plane.CallAsync("audit", "verify");
        verify.ShouldEndWith(1);
        (verify.Out + verify.Error).ShouldContain("was changed after it was written");
    }
}
