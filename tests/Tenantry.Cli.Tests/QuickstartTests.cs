namespace Tenantry.Cli.Tests;

public class QuickstartTests
{
    [Theory]
    [InlineData("--remove")]
    [InlineData("--check")]
    public async Task AFolderThatNoQuickstartMadeIsLeftAlone(string option)
    {
        var folder = Directory.CreateTempSubdirectory("tenantry-cli-").FullName;
        var file = Path.Combine(folder, "store", "tenantry.db");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "precious");

        var run = await CliRun.Of(new CliSetting { Data = folder }, "quickstart", option, "--yes");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("was not made by a quickstart. Nothing was changed.");
        (await File.ReadAllTextAsync(file)).ShouldBe("precious");
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task AFolderIsNotRemovedFromUnderAControlPlaneThatRuns()
    {
        await using var api = await FakeApi.StartAsync();
        Directory.CreateDirectory(Path.Combine(api.Folder, "quickstart"));
        await File.WriteAllTextAsync(Path.Combine(api.Folder, "quickstart", "MADE"), "");
        await File.WriteAllTextAsync(Path.Combine(api.Folder, "addresses.json"), """{"api":null,"apiSocket":null,"gateway":null}""");
        api.On("GET /readyz", "ready");

        var run = await CliRun.Of(api, "quickstart", "--remove");

        run.ExitCode.ShouldBe(4, run.Error);
        run.Error.ShouldContain("A control plane runs on");
        Directory.Exists(api.Folder).ShouldBeTrue();
        api.Requests.ShouldNotContain(r => r.Method == "DELETE");
    }

    [Fact]
    public async Task ADryRunTellsWhatWouldBeInstalledMadeAndRemovedAndTouchesNothing()
    {
        var folder = Path.Combine(Directory.CreateTempSubdirectory("tenantry-cli-").FullName, "quickstart");
        var run = await CliRun.Of(new CliSetting { Data = folder }, "quickstart", "--dry-run", "--check");
        run.ExitCode.ShouldBe(0, run.Error);
        foreach (var part in new[] { folder, "target local", "app node-red", "tenant alice", "tenant bob", "removed again" })
            (run.Out + run.Error).ShouldContain(part);
        (await CliRun.Of(new CliSetting { Data = folder }, "quickstart", "--dry-run", "--remove")).ExitCode.ShouldBe(3);
        Directory.Exists(folder).ShouldBeFalse();

        // As one that ran leaves it.
        Directory.CreateDirectory(Path.Combine(folder, "quickstart"));
        (await CliRun.Of(new CliSetting { Data = folder }, "quickstart", "--dry-run")).Error.ShouldContain("is taken up again");
        (await CliRun.Of(new CliSetting { Data = folder }, "quickstart", "--dry-run", "--remove")).Out.ShouldContain("tenant alice");
        Directory.GetFileSystemEntries(folder).ShouldHaveSingleItem();
        Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
    }
}
