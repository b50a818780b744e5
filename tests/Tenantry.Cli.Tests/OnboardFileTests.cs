using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

/// <summary>Onboarding that brings the app's manifest.</summary>
public sealed class OnboardFileTests : IDisposable
{
    private const string Manifest =
        """
        app: shop
        version: "1"
        build:
          inputs: ["**", "!tenantry.yaml"]
          command: "true"
        services:
          web: { command: [busybox, httpd, -f, -p, "127.0.0.1:8080"], ports: [8080] }
        secrets:
          password: { prompt: Password of the mail account }
        tiers: { small: {}, large: {} }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("tenantry-cli-onboard-").FullName;

    public OnboardFileTests()
    {
        File.WriteAllText(Path.Combine(_folder, "tenantry.yaml"), Manifest);
        File.WriteAllText(Path.Combine(_folder, "page.html"), "hello");
        File.WriteAllText(Path.Combine(_folder, "password"), "secret");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // The first manifest of an app ended with "There is no app", and its inputs were sent.
    [Fact]
    public async Task ADryRunOfAnAppThatIsNotThereYetShowsItAllAndSendsNothing()
    {
        await using var api = await OnboardTests.StartAsync();

        var run = await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "-f", _folder, "--tier", "large", "--dry-run");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("app shop");
        run.Out.ShouldContain("in tier large");
        api.Requests.ShouldAllBe(r => r.Method == "GET" || r.Method == "HEAD");
    }

    // A release had been made before the questions, and the error said that nothing was changed.
    [Fact]
    public async Task WhatIsMissingIsToldBeforeAnythingIsApplied()
    {
        await using var api = await OnboardTests.StartAsync();

        var run = await CliRun.Of(api, "onboard", "-f", _folder);
        var other = await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "-f", _folder, "--app", "site");
        var wrongTier = await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "-f", _folder, "--tier", "huge");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("--email ADDRESS");
        run.Error.ShouldContain("--secret-file password=FILE");
        other.ExitCode.ShouldBe(2);
        other.Error.ShouldContain("--app says site, and the manifest is that of shop");
        wrongTier.Error.ShouldContain("shop has no tier 'huge'");
        api.Requests.ShouldAllBe(r => r.Method == "GET");
    }

    [Fact]
    public async Task WhatIsSaidDifferentlyOfAnInstanceThatIsThereIsSent()
    {
        await using var api = await OnboardTests.StartAsync();
        api.OnList("GET /v1/tenants", Samples.Tenant with { Name = "alice", Owner = "user@example.com" });
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice) with { App = "site", Environment = "prod" });
        api.On("GET /v1/tenants/alice", Samples.Tenant with { Name = "alice", Owner = "user@example.com" });
        api.On("PATCH /v1/instances/alice", Samples.Pending, 202);

        await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "--tenant", "alice", "--app", "site", "--feature", "greeting=hi");

        FakeApi.Read<UpdateInstanceRequest>(api.Requests.First(r => r is { Method: "PATCH", Path: "/v1/instances/alice" }).Body).Features!["greeting"].ShouldBe("hi");
    }
}
