using System.Diagnostics;
using System.Globalization;
using Tenantry.Server.Serving;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Tests.Serving;

/// <summary>Root serves: the engine keeps root, and taking over the web side must give none of it.</summary>
public class WebSideTests
{
    private static string Status(int process, string field) =>
        File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal))[(field.Length + 1)..].Trim();

    // The web side as a program of an attacker's: same user, same (no) privileges.
    private static async Task<(int Code, string Output)> AsWebUserAsync(int web, params string[] command)
    {
        var start = new ProcessStartInfo("setpriv") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] privileges =
        [
            "--reuid=" + Status(web, "Uid").Split('\t')[0], "--regid=" + Status(web, "Gid").Split('\t')[0], "--clear-groups",
            "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--",
        ];
        foreach (var part in (string[])[.. privileges, .. command])
            start.ArgumentList.Add(part);
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }

    [RootFact]
    public async Task EveryThreadOfTheWebSideHoldsNoPrivilege()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);

        ShouldHoldNoPrivilege(serve.Children.ShouldHaveSingleItem());
    }

    [RootFact]
    public async Task WhatForwardsIsCompiledByProfileAndWhatWakesIsNot()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);

        Compiled(serve.Children.ShouldHaveSingleItem()).ShouldBe(["DOTNET_TieredPGO=1"]);
        Compiled(serve.Id).ShouldBeEmpty("it is off for the rest of the program");

        static IEnumerable<string> Compiled(int process) => File.ReadAllText($"/proc/{process}/environ").Split('\0').Where(line => line.StartsWith("DOTNET_TieredPGO=", StringComparison.Ordinal));
    }

    [RootFact]
    public async Task ARoleThatFacesTheWorldGivesUpRootAlsoWhenItRunsByItself()
    {
        foreach (var role in (string[])["gateway", "api"])
        {
            using var folder = new TestFolder();
            await using var serve = await ServeProcess.StartAsync(folder.Data, "--role", role, "--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0");
            serve.Addresses.GetProperty(role).GetString().ShouldNotBeNull();

            ShouldHoldNoPrivilege(serve.Id);
        }
    }

    [RootFact]
    public void ADataFolderIsRemovedWithWhatItsTargetsKeepInMemory()
    {
        using var folder = new TestFolder();
        var folders = new DataFolders(folder.Data);
        Directory.CreateDirectory(folders.StoreFolder);
        var memory = Path.Combine(ServeFolders.RunFolder(folders), "local", "memory");
        Directory.CreateDirectory(memory);
        Mounts.Mount("tenantry", memory, "tmpfs", MountOptions.NoDevices, "mode=0700");

        DataFolderRemoval.Remove(folders);

        (Directory.Exists(folder.Data), Directory.Exists(ServeFolders.RunFolder(folders))).ShouldBe((false, false));
    }

    [RootFact]
    public async Task TheWebSideReadsNeitherTheKeyNorWhatTargetsKeep()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        var web = serve.Children.ShouldHaveSingleItem();
        var secret = Path.Combine(folder.Data, "targets", "local");
        Directory.CreateDirectory(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        foreach (var path in new[] { "engine/engine.key", "engine", "engine/sources", "targets", "targets/local", "engine/engine.lock" })
        {
            var whole = Path.Combine(folder.Data, path);
            Path.Exists(whole).ShouldBeTrue(whole);
            var command = Directory.Exists(whole) ? "ls" : "cat";
            var (code, output) = await AsWebUserAsync(web, command, whole);
            code.ShouldNotBe(0, whole);
            output.ShouldContain("Permission denied");
        }

        // And so that this test can fail: what the web side may read is read in the same way.
        (await AsWebUserAsync(web, "cat", Path.Combine(folder.Data, "addresses.json"))).Code.ShouldBe(0);
    }

    [RootFact]
    public async Task TheWebSideCannotPutItsOwnInThePlaceOfWhatIsTheEngines()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        var web = serve.Children.ShouldHaveSingleItem();

        foreach (var name in new[] { "engine", "engine.sock", "targets" })
            (await AsWebUserAsync(web, "mv", Path.Combine(folder.Data, name), Path.Combine(folder.Data, "mine"))).Code.ShouldNotBe(0, name);

        (await AsWebUserAsync(web, "rm", "-f", Path.Combine(folder.Data, "engine.sock"))).Code.ShouldNotBe(0);
        (await AsWebUserAsync(web, "touch", Path.Combine(folder.Data, "addresses.json"))).Code.ShouldBe(0);
    }

    [RootFact]
    public async Task ALinkThatTheWebSidePutInThePlaceOfTheStoreHasRootMakeNothingBehindIt()
    {
        using var folder = new TestFolder();
        var folders = new DataFolders(folder.Data);
        Directory.CreateDirectory(folders.StoreFolder);
        var (victim, other) = (Path.Combine(folder.Data, "cron.d-job"), Path.Combine(folder.Data, "shadow"));
        await File.WriteAllTextAsync(other, "root's alone");
        File.SetUnixFileMode(other, UnixFileMode.UserRead);
        foreach (var target in new[] { victim, other })
        {
            File.CreateSymbolicLink(folders.Database, target);
            var refusal = await Should.ThrowAsync<Server.Store.StoreRefusedException>(() => Server.Store.StoreFactory.OpenAsync("sqlite", folders, TimeProvider.System, CancellationToken.None));
            refusal.Message.ShouldContain("is not a file but a link");
            File.Delete(folders.Database);
        }

        File.Exists(victim).ShouldBeFalse();
        (await File.ReadAllTextAsync(other), File.GetUnixFileMode(other)).ShouldBe(("root's alone", UnixFileMode.UserRead));
        await using var store = await Server.Store.StoreFactory.OpenAsync("sqlite", folders, TimeProvider.System, CancellationToken.None);
        store.Owner.ShouldNotBeEmpty();
    }

    [RootFact]
    public async Task NoSecretIsInTheListOfProcesses()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        var web = serve.Children.ShouldHaveSingleItem();

        var arguments = await File.ReadAllTextAsync($"/proc/{web}/cmdline");
        var variables = (await File.ReadAllTextAsync($"/proc/{web}/environ")).Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')[0]);

        arguments.ShouldContain("--web-child");
        arguments.ShouldNotContain("--store");
        variables.Except(["PATH", "DOTNET_ROOT", "LANG", "TZ", "HOME", "DOTNET_EnableDiagnostics", "DOTNET_TieredPGO", "TENANTRY_STORE", "TENANTRY_DATA_SHOWN", "PWD", "_", "SHLVL", "OLDPWD"]).ShouldBeEmpty();
    }

    [RootFact]
    public async Task NothingOfAControlPlaneWithoutInstancesIsLeftInMemoryWhenItHasEnded()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        await serve.ReadyAsync();
        using (var client = serve.Client())
        {
            // The target mounts what it needs when it is first asked.
            using var put = await client.PutAsync("/v1/targets/local", new StringContent("{\"kind\":\"local\"}", System.Text.Encoding.UTF8, "application/json"));
            using var orphans = await client.GetAsync("/v1/orphans");
            orphans.IsSuccessStatusCode.ShouldBeTrue();
        }

        var run = ServeFolders.RunFolder(new DataFolders(folder.Data));
        Directory.Exists(run).ShouldBeTrue();
        (await serve.TerminateAsync()).ShouldBe(0, serve.Log);

        Directory.Exists(run).ShouldBeFalse();
        Mounts.Under(run).ShouldBeEmpty();
    }

    [RootFact]
    public async Task TheWebSideEndsWithAnEngineThatIsKilledAndTheNextServeTakesItsPorts()
    {
        using var folder = new TestFolder();
        var first = await ServeProcess.StartFreeAsync(folder.Data);
        await first.ReadyAsync();
        var web = first.Children.ShouldHaveSingleItem();
        // A stream that is open must not keep the port.
        using var client = first.Client();
        using var events = await client.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead);

        await first.KillAsync();
        await using var second = await ServeProcess.StartAsync(folder.Data, "--api", first.Api.Authority, "--gateway", first.Gateway.Authority);
        await second.ReadyAsync();

        second.Api.ShouldBe(first.Api);
        second.Gateway.ShouldBe(first.Gateway);
        await Waiting.ForAsync(() => !Directory.Exists($"/proc/{web}"));
        await first.DisposeAsync();
    }

    [RootFact]
    public async Task ADataFolderBehindAFolderThatIsClosedToOthersWorks()
    {
        using var folder = new TestFolder(isClosedToOthers: true);
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        await serve.ReadyAsync();

        serve.Socket.ShouldBe(Path.Combine(folder.Data, "api.sock"));
        (await File.ReadAllTextAsync(Path.Combine(folder.Data, "addresses.json"))).ShouldContain(serve.Socket);
        Status(serve.Children.ShouldHaveSingleItem(), "CapBnd").ShouldBe("0000000000000000");
        (await File.ReadAllTextAsync("/proc/self/mounts")).ShouldNotContain(folder.Root);
        (await serve.TerminateAsync()).ShouldBe(0);
    }

    [RootFact]
    public async Task AStrangerWithTheWebSidesUserIsNotLetInOnTheSocket()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        await serve.ReadyAsync();

        var (_, output) = await AsWebUserAsync(serve.Children.ShouldHaveSingleItem(), "curl", "-s", "--unix-socket", serve.Socket, "http://tenantry/v1/tenants");

        output.ShouldContain("\"code\":\"forbidden\"");
    }

    private static void ShouldHoldNoPrivilege(int process)
    {
        var threads = ServeProcess.ThreadsOf(process, "status").Select(said => said[0].Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToList();
        threads.ShouldNotBeEmpty();
        foreach (var lines in threads)
        {
            var status = lines.Select(line => line.Split(':', 2)).ToDictionary(p => p[0], p => p[1].Trim(), StringComparer.Ordinal);
            foreach (var set in new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" })
                ulong.Parse(status[set], NumberStyles.HexNumber, CultureInfo.InvariantCulture).ShouldBe(0ul, set);
            status["NoNewPrivs"].ShouldBe("1");
            status["Uid"].Split('\t').ShouldAllBe(id => id != "0");
            status["Gid"].Split('\t').ShouldAllBe(id => id != "0");
            status["Groups"].ShouldBe("");
        }
    }
}
