using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

/// <summary><c>tenantry render compose</c>: what is written, and what is never written over.</summary>
public sealed class RenderTests : IDisposable
{
    private const string Text = "# Made by 'tenantry render compose' and so on\nservices:\n  alice:\n    image: one\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("tenantry-render-").FullName;

    private string Compose => Path.Combine(_folder, "compose.yaml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static RenderComposeResponse Answer(string text = Text, string path = "compose.files/alice/files/web/0-config.json", params SkippedInstanceResponse[] skipped) => new(
        text,
        [new ComposeFileResponse(path, "{}", 0, 0)],
        ["compose.files/images/1/empty"],
        [new ComposeSecretResponse("alice", "token", "compose.files/alice/secrets/token", 1000, 1000)],
        [new ComposeVariableResponse("alice", "token", "SECRET_ALICE_TOKEN_1234")],
        ["alice"],
        skipped,
        ["alice: a notice"]);

    private static async Task<FakeApi> ApiAsync(RenderComposeResponse answer)
    {
        var api = await FakeApi.StartAsync();
        api.On("POST /v1/render/compose", answer);
        return api;
    }

    private Task<CliRun> RenderAsync(FakeApi api, params string[] more) => CliRun.Of(api, ["render", "compose", "--output", Compose, .. more]);

    [Fact]
    public async Task TheFileAndWhatIsBesideItAreForTheirOwnerAlone()
    {
        await using var api = await ApiAsync(Answer());

        var run = await RenderAsync(api, "alice", "--prefix", "com.example", "--version", "0.2.0", "--env", "staging");

        run.ExitCode.ShouldBe(0, run.Error);
        (await File.ReadAllTextAsync(Compose)).ShouldBe(Text);
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.GetUnixFileMode(Compose).ShouldBe(OwnerOnly);
        File.GetUnixFileMode(Path.Combine(_folder, "compose.files/alice/files/web/0-config.json")).ShouldBe(OwnerOnly);
        File.GetUnixFileMode(Path.Combine(_folder, "compose.files")).ShouldBe(OwnerOnly | UnixFileMode.UserExecute);
        Directory.Exists(Path.Combine(_folder, "compose.files/images/1/empty")).ShouldBeTrue();
        run.Error.ShouldContain("compose.files/alice/secrets/token");
        run.Error.ShouldContain("SECRET_ALICE_TOKEN_1234=");
        run.Error.ShouldContain("alice: a notice");
        var request = FakeApi.Read<RenderComposeRequest>(api.Single("POST /v1/render/compose").Body);
        (request.Slugs, request.Prefix, request.Version, request.Environment, request.Folder).ShouldBe((request.Slugs, "com.example", "0.2.0", "staging", "compose.files"));
        request.Slugs.ShouldBe(["alice"]);
    }

    [Fact]
    public async Task WhatTheOperatorHasFilledIsNotAskedForAgainAndStays()
    {
        await using var api = await ApiAsync(Answer());
        await RenderAsync(api);
        await File.WriteAllTextAsync(Path.Combine(_folder, "compose.files/alice/secrets/token"), "filled");
        await File.WriteAllTextAsync(Path.Combine(_folder, ".env"), "SECRET_ALICE_TOKEN_1234=filled\n");

        var run = await RenderAsync(api);

        run.Error.ShouldNotContain("secrets/token");
        run.Error.ShouldNotContain("SECRET_ALICE_TOKEN_1234");
        (await File.ReadAllTextAsync(Path.Combine(_folder, "compose.files/alice/secrets/token"))).ShouldBe("filled");
    }

    [Fact]
    public async Task AnInstanceThatIsSkippedIsNamedAndTheOthersAreWritten()
    {
        await using var api = await ApiAsync(Answer(skipped: new SkippedInstanceResponse("bob", "its configuration is broken")));

        var run = await RenderAsync(api);

        run.ExitCode.ShouldBe(1);
        run.Error.ShouldContain("Skipped bob: its configuration is broken");
        (await File.ReadAllTextAsync(Compose)).ShouldBe(Text);
    }

    [Fact]
    public async Task AFileOfAnotherHandIsNotReplacedUnlessForced()
    {
        await using var api = await ApiAsync(Answer());
        await File.WriteAllTextAsync(Compose, "services: {}\n");

        (await RenderAsync(api)).ExitCode.ShouldBe(4);
        (await File.ReadAllTextAsync(Compose)).ShouldBe("services: {}\n");
        (await RenderAsync(api, "--force")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task ADryRunShowsTheDifferenceAndWritesNothing()
    {
        await using var first = await ApiAsync(Answer());
        await RenderAsync(first);
        await using var second = await ApiAsync(Answer(Text.Replace("one", "two", StringComparison.Ordinal)));

        var run = await RenderAsync(second, "--dry-run");

        run.Out.ShouldContain("@ services alice\n-    image: one\n+    image: two\n");
        (await File.ReadAllTextAsync(Compose)).ShouldBe(Text);
    }

    [Fact]
    public async Task AControlPlaneCannotWriteOutsideOfTheFolder()
    {
        await using var api = await ApiAsync(Answer(path: "compose.files/../../stolen"));

        (await RenderAsync(api)).ExitCode.ShouldBe(1);

        File.Exists(Compose).ShouldBeFalse();
        File.Exists(Path.Combine(Path.GetDirectoryName(_folder)!, "stolen")).ShouldBeFalse();
    }

    [Fact]
    public async Task OverridesAreReadAndNeverWritten()
    {
        await using var api = await ApiAsync(Answer());
        var overrides = Path.Combine(_folder, "mine.yaml");
        await File.WriteAllTextAsync(overrides, "services: {}\n");

        await RenderAsync(api, "--overrides", overrides);

        (await File.ReadAllTextAsync(overrides)).ShouldBe("services: {}\n");
        FakeApi.Read<RenderComposeRequest>(api.Single("POST /v1/render/compose").Body).Overrides.ShouldBe("services: {}\n");
        (await RenderAsync(api, "--overrides", overrides + ".no")).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task ProgramsGetAllOfIt()
    {
        await using var api = await ApiAsync(Answer());

        var run = await RenderAsync(api, "-o", "json");

        run.Json.GetProperty("output").GetString().ShouldBe(Compose);
        run.Json.GetProperty("rendered").GetProperty("rendered")[0].GetString().ShouldBe("alice");
    }
}
