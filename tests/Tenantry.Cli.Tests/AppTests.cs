using System.Formats.Tar;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public sealed class AppTests : IDisposable
{
    private const string Manifest =
        """
        app: site
        version: "1"
        build:
          inputs: ["**", "!tenantry.yaml"]
          command: "true"
        services:
          web:
            command: [busybox, httpd, -f, -p, "127.0.0.1:8080"]
            ports: [8080]
            health: { http: / }
            files:
              /etc/site.conf: { source: site.conf.template }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("tenantry-cli-app-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ApplyingSendsTheInputsOnceAndThenTheManifest()
    {
        await using var api = await FakeApi.StartAsync();
        WriteApp();
        var inputs = await BuildInputs.ReadAsync(_folder, ["**", "!tenantry.yaml"]);
        api.On($"PUT /v1/sources/{inputs.Digest}", context =>
        {
            context.Response.StatusCode = 201;
            return Task.CompletedTask;
        });
        api.On("POST /v1/apps", Applied(isNew: true), 201);

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, WorkingFolder = _folder }, "app", "apply", "-f", "tenantry.yaml");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("Applied site 1, release site-1");
        run.Error.ShouldContain("note: 'sleep' is not acted on yet");
        var request = FakeApi.Read<ApplyAppRequest>(api.Single("POST /v1/apps").Body);
        request.Manifest.ShouldBe(Manifest);
        request.FileName.ShouldBe("tenantry.yaml");
        request.InputsDigest.ShouldBe(inputs.Digest);
        request.Files!["site.conf.template"].ShouldBe("name=${tenant.name}");
        Names(api.Single($"PUT /v1/sources/{inputs.Digest}").Body).ShouldBe(["run.sh", "site.conf.template", "www/index.html"]);
    }

    [Fact]
    public async Task InputsThatAreThereAlreadyAreNotSentAgain()
    {
        await using var api = await FakeApi.StartAsync();
        WriteApp();
        var inputs = await BuildInputs.ReadAsync(_folder, ["**", "!tenantry.yaml"]);
        api.On($"HEAD /v1/sources/{inputs.Digest}", _ => Task.CompletedTask);
        api.On("POST /v1/apps", Applied(isNew: false));

        var run = await CliRun.Of(api, "app", "apply", "-f", _folder);

        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("Nothing changed");
        api.Requests.ShouldNotContain(r => r.Method == "PUT");
    }

    [Fact]
    public async Task ABuildIsForcedOnlyWhereThereIsOne()
    {
        await using var api = await FakeApi.StartAsync();
        WriteApp();
        var inputs = await BuildInputs.ReadAsync(_folder, ["**", "!tenantry.yaml"]);
        api.On($"HEAD /v1/sources/{inputs.Digest}", _ => Task.CompletedTask);
        api.On("POST /v1/apps", Applied(isNew: true), 201);

        var run = await CliRun.Of(api, "app", "apply", "-f", _folder, "--force-build");
        await File.WriteAllTextAsync(Path.Combine(_folder, "tenantry.yaml"), "app: site\nversion: \"1\"\nservices: { web: { image: \"site:1\" } }\n");
        var without = await CliRun.Of(api, "app", "apply", "-f", _folder, "--force-build");

        run.ExitCode.ShouldBe(0, run.Error);
        FakeApi.Read<ApplyAppRequest>(api.Single("POST /v1/apps").Body).ForceBuild.ShouldBeTrue();
        without.ExitCode.ShouldBe(2);
        without.Error.ShouldContain("has no build that could be forced");
    }

    [Fact]
    public async Task EveryMistakeOfAManifestIsShownBeforeAnythingIsSent()
    {
        await using var api = await FakeApi.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder, "tenantry.yaml"), "app: Site\nversoin: 1\nservices: {}\n");

        var setting = new CliSetting { Data = api.Folder, WorkingFolder = _folder };
        var text = await CliRun.Of(setting, "app", "apply");
        var json = await CliRun.Of(setting, "app", "apply", "-o", "json");

        text.ExitCode.ShouldBe(2);
        text.Error.ShouldContain("tenantry.yaml:1:6: app: ");
        text.Error.ShouldContain("tenantry.yaml:2:1: ");
        var errors = json.Json.GetProperty("error").GetProperty("errors");
        errors.GetArrayLength().ShouldBeGreaterThan(1);
        errors[0].GetProperty("line").GetInt32().ShouldBe(1);
        api.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatIsWrongBesideTheManifestIsShownTogetherWithItsOwnMistakes()
    {
        WriteApp();
        File.Delete(Path.Combine(_folder, "site.conf.template"));
        var broken = Manifest.Replace("\"**\", ", "\"**\", \"nomatch/**\", ", StringComparison.Ordinal) + "\ntypo: 1\n---\napp: second\n";
        await File.WriteAllTextAsync(Path.Combine(_folder, "tenantry.yaml"), broken);

        var run = await CliRun.Of(new CliSetting { Data = _folder, WorkingFolder = _folder }, "app", "apply");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("tenantry.yaml:4:18: build.inputs[1]: No file of the folder matches 'nomatch/**'.");
        run.Error.ShouldContain("typo");
        run.Error.ShouldContain("A second document starts here");
        run.Error.ShouldContain("There is no file 'site.conf.template' in the manifest's folder");
    }

    [Fact]
    public async Task InputsThatMatchNothingAreAMistakeOfTheirOwn()
    {
        WriteApp();
        await File.WriteAllTextAsync(Path.Combine(_folder, "tenantry.yaml"), Manifest.Replace("\"**\", ", "\"nomatch/**\", ", StringComparison.Ordinal));

        var run = await CliRun.Of(new CliSetting { Data = _folder, WorkingFolder = _folder }, "app", "apply");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("tenantry.yaml:4:12: build.inputs[0]: No file of the folder matches 'nomatch/**'.");
    }

    [Fact]
    public async Task ATemplateThatIsNotThereIsNamed()
    {
        WriteApp();
        File.Delete(Path.Combine(_folder, "site.conf.template"));

        var run = await CliRun.Of(new CliSetting { Data = _folder, WorkingFolder = _folder }, "app", "apply");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("site.conf.template");
    }

    [Fact]
    public async Task AFirstManifestIsWrittenAndNeverWrittenOver()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "public"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "public", "index.html"), "hello");
        var setting = new CliSetting { WorkingFolder = _folder };

        var dry = await CliRun.Of(setting, "init", "--dry-run");
        File.Exists(Path.Combine(_folder, "tenantry.yaml")).ShouldBeFalse();
        var first = await CliRun.Of(setting, "init");
        var again = await CliRun.Of(setting, "init");

        dry.Out.ShouldContain("app:");
        first.ExitCode.ShouldBe(0, first.Error);
        again.ExitCode.ShouldBe(4);
        again.Error.ShouldContain("--force");
    }

    [Fact]
    public async Task TheSchemaIsJson()
    {
        var run = await CliRun.Of(new CliSetting(), "schema");

        run.Json.GetProperty("$schema").GetString()!.ShouldContain("json-schema.org");
    }

    private static ApplyAppResponse Applied(bool isNew) => new(
        new("site", "site-1", 1, Samples.Then, Samples.Then),
        new("site-1", "site", "1", "sha256:00", "sha256:01", Samples.Then),
        isNew,
        isNew,
        ["'sleep' is not acted on yet"]);

    private static List<string> Names(string tar)
    {
        using var reader = new TarReader(new MemoryStream(Encoding.Latin1.GetBytes(tar)));
        var names = new List<string>();
        while (reader.GetNextEntry() is { } entry)
            names.Add(entry.Name);
        return names;
    }

    [Theory]
    [InlineData("a file elsewhere")]
    [InlineData("a folder elsewhere")]
    [InlineData("a link to itself")]
    public async Task ALinkDoesNotBringFilesOfTheMachineIntoARelease(string what)
    {
        await using var api = await FakeApi.StartAsync();
        WriteApp();
        var outside = Directory.CreateTempSubdirectory("tenantry-cli-outside-").FullName;
        File.WriteAllText(Path.Combine(outside, "site.conf.template"), "not for tenants");
        File.Delete(Path.Combine(_folder, "site.conf.template"));
        if (what == "a folder elsewhere")
        {
            Directory.CreateSymbolicLink(Path.Combine(_folder, "conf"), outside);
            File.WriteAllText(Path.Combine(_folder, "tenantry.yaml"), Manifest.Replace("source: site", "source: conf/site", StringComparison.Ordinal));
        }
        else
        {
            File.CreateSymbolicLink(Path.Combine(_folder, "site.conf.template"), what == "a link to itself" ? "site.conf.template" : Path.Combine(outside, "site.conf.template"));
        }

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, WorkingFolder = _folder }, "app", "apply");

        Directory.Delete(outside, recursive: true);
        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("or a link leads out of the folder");
    }

    [Fact]
    public void ALinkInsideTheFolderIsFollowed()
    {
        WriteApp();
        File.CreateSymbolicLink(Path.Combine(_folder, "link"), "www/../site.conf.template");

        Applying.FileInFolder.Find(_folder, "link").ShouldBe(Path.Combine(_folder, "site.conf.template"));
        Applying.FileInFolder.Find(_folder, "nothing").ShouldBeNull();
    }

    private void WriteApp()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "www"));
        Directory.CreateDirectory(Path.Combine(_folder, ".git"));
        File.WriteAllText(Path.Combine(_folder, "tenantry.yaml"), Manifest);
        File.WriteAllText(Path.Combine(_folder, "site.conf.template"), "name=${tenant.name}");
        File.WriteAllText(Path.Combine(_folder, "www", "index.html"), "hello");
        File.WriteAllText(Path.Combine(_folder, "run.sh"), "exit 0");
        File.WriteAllText(Path.Combine(_folder, ".git", "config"), "");
    }
}
