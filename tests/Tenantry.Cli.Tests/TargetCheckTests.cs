using System.Diagnostics;
using System.Text.Json;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

/// <summary><c>tenantry target check</c> where no control plane runs: it looks by itself, as whoever calls it.</summary>
public sealed class TargetCheckTests
{
    private static readonly CliSetting NoServer = new() { Data = "/nonexistent/tenantry" };

    [Fact]
    public async Task WithoutAControlPlaneThisMachineIsCheckedFromHere()
    {
        var run = await CliRun.Of(NoServer, "target", "check", "local", "-o", "json");
        run.Error.ShouldContain("No control plane answers at unix:/nonexistent/tenantry/api.sock: checked from this process");
        var report = run.Json.EnumerateArray().ShouldHaveSingleItem();
        report.GetProperty("target").GetString().ShouldBe("local");
        Subjects(report).ShouldContain("control groups");
        run.ExitCode.ShouldBe(report.GetProperty("works").GetBoolean() ? 0 : 7);
    }

    [Fact]
    public async Task WithoutANameEveryKindThatNeedsSomethingIsChecked()
    {
        var run = await CliRun.Of(NoServer, "target", "check", "-o", "json");
        run.Json.EnumerateArray().Select(report => report.GetProperty("target").GetString()).ShouldBe(["local", "docker"]);
    }

    [Fact]
    public async Task ANameThatIsNoKindCannotBeCheckedWithoutAControlPlane()
    {
        var run = await CliRun.Of(NoServer, "target", "check", "locl");
        run.ExitCode.ShouldBe(7);
        run.Error.ShouldContain("'locl' is no kind of target (local, docker, aws, fake)");
        run.Error.ShouldContain("'local'");
        run.Error.ShouldContain("tenantry serve");
    }

    [Fact]
    public async Task AControlPlaneElsewhereIsNotStoodInFor()
    {
        var run = await CliRun.Of(new CliSetting(), "target", "check", "local", "--server", "http://127.0.0.1:1");
        run.ExitCode.ShouldBe(7);
        run.Out.ShouldBeEmpty();
        run.Error.ShouldContain("No control plane answers at http://127.0.0.1:1");
    }

    [Fact]
    public async Task WithAControlPlaneItIsTheOneWhoLooks()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("POST /v1/targets/local/check", new TargetCheckResponse("local", true, []));
        var run = await CliRun.Of(api, "target", "check", "local");
        (run.ExitCode, run.Out, run.Error).ShouldBe((0, "local: works" + Environment.NewLine, ""));
    }

    [Fact]
    public async Task AKindThatWasNotAddedYetIsCheckedFromHereWhileAControlPlaneRuns()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnProblem("POST /v1/targets/fake/check", 404, ProblemCodes.NotFound, "There is no target 'fake'.");

        var run = await CliRun.Of(api, "target", "check", "fake");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("fake: works");
        run.Error.ShouldContain("No target 'fake' was added yet");
        run.Error.ShouldContain("'tenantry target add fake' adds it.");
        (await CliRun.Of(api, "target", "check", "nothing")).ExitCode.ShouldBe(3);
    }

    [Fact]
    public async Task AKindIsCheckedWithTheOptionsWithWhichItWouldBeAdded()
    {
        var nobody = Path.Combine(Path.GetTempPath(), $"nobody-{Guid.NewGuid():N}.sock");
        var run = await CliRun.Of(NoServer, "target", "check", "docker", "--option", $"engine=unix://{nobody}");
        run.ExitCode.ShouldBe(7);
        (run.Out + run.Error).ShouldContain(nobody);
        run.Error.ShouldContain("with these options");

        var misspelt = await CliRun.Of(NoServer, "target", "check", "docker", "--option", "engin=unix:///x");
        misspelt.ExitCode.ShouldBe(2);
        misspelt.Error.ShouldContain("'engine'");
        (await CliRun.Of(NoServer, "target", "check", "local", "--option", "runtime=cruncher")).ExitCode.ShouldBe(2);
        (await CliRun.Of(NoServer, "target", "check", "--option", "engine=unix:///x")).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task OptionsOfATargetThatWasAddedAreItsOwn()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/targets/docker", new TargetResponse("docker", "docker", new Dictionary<string, string>(StringComparer.Ordinal), true, 8, 1, DateTimeOffset.UnixEpoch));

        var run = await CliRun.Of(api, "target", "check", "docker", "--option", "engine=unix:///x");

        run.ExitCode.ShouldBe(4);
        run.Error.ShouldContain("--replace");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OrphansOfATargetThatCannotBeAskedAreNotSaidToBeNone(bool asJson)
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/orphans", new OrphansResponse([new OrphanResponse("local", "id1", "ghost", "o")], null, [new UnreachableTargetResponse("docker", "The engine does not answer.")]));
        var run = await CliRun.Of(api, asJson ? ["orphans", "-o", "json"] : ["orphans"]);
        run.ExitCode.ShouldBe(7);
        run.Error.ShouldBe($"tenantry: What target docker holds is not known: The engine does not answer.{Environment.NewLine}");
        if (asJson)
            run.Json.EnumerateArray().ShouldHaveSingleItem().GetProperty("slug").GetString().ShouldBe("ghost");
        else
            run.Out.ShouldContain("ghost");
    }

    /// <summary>The program itself, run by <c>setpriv</c> as a user without rights: what works and what does not, and each command that mends it.</summary>
    [OrdinaryUserFact]
    public async Task AnOrdinaryUserIsToldWhatWorksWithoutRoot()
    {
        // The build's folder may not be open to others: the user gets a copy.
        var folder = Directory.CreateTempSubdirectory("tenantry-check-test-");
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
        try
        {
            foreach (var file in Directory.GetFiles(AppContext.BaseDirectory))
                File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
            var (code, output, error) = await AsNobodyAsync(folder.FullName, "target", "check", "local", "-o", "json");
            code.ShouldBe(7, error);
            error.ShouldContain("as an ordinary user");
            var report = JsonDocument.Parse(output).RootElement.EnumerateArray().ShouldHaveSingleItem();
            report.GetProperty("works").GetBoolean().ShouldBeFalse();
            var privilege = report.GetProperty("findings").EnumerateArray().Single(found => found.GetProperty("subject").GetString() == "privilege");
            privilege.GetProperty("level").GetString().ShouldBe("Missing");
            privilege.GetProperty("message").GetString()!.ShouldContain("planning, and the API and the gateway work without it");
            privilege.GetProperty("fix").GetString().ShouldBe("sudo tenantry serve");
            report.GetProperty("findings").EnumerateArray().ShouldContain(found => found.GetProperty("level").GetString() == "Ok");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static IEnumerable<string?> Subjects(JsonElement report) => report.GetProperty("findings").EnumerateArray().Select(found => found.GetProperty("subject").GetString());

    private static async Task<(int Code, string Out, string Error)> AsNobodyAsync(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", Environment.ProcessPath!, "exec", Path.Combine(folder, "tenantry.dll"), .. arguments])
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = folder;
        start.Environment["DOTNET_CLI_HOME"] = "/tmp";
        start.Environment.Remove("TENANTRY_DATA");
        start.Environment.Remove("TENANTRY_SERVER");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    private sealed class OrdinaryUserFactAttribute : FactAttribute
    {
        public OrdinaryUserFactAttribute()
        {
            if (!Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/setpriv"))
                Skip = "skipped: needs root and setpriv, to become an ordinary user";
        }
    }
}
