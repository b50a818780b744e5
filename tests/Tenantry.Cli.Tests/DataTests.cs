using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class DataTests
{
    [Fact]
    public async Task ADashIsStandardOutputAndNoFileOfThatName()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice/data", context => context.Response.WriteAsync("the tar"));

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, WorkingFolder = api.Folder }, "data", "export", "alice", "-f", "-");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldBe("the tar");
        File.Exists(Path.Combine(api.Folder, "-")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("export", "nowhere/alice.tar", "nowhere/alice.tar")]
    [InlineData("export", ".", ". is a folder")]
    [InlineData("import", "nowhere/alice.tar", "There is no file nowhere/alice.tar")]
    [InlineData("import", ".", "There is no file .")]
    public async Task AFileThatCannotBeIsWrongUsageAndNamedAsItWasGiven(string verb, string file, string named)
    {
        await using var api = await FakeApi.StartAsync();

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, WorkingFolder = api.Folder }, "data", verb, "alice", "-f", file);

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain(named);
        run.Error.ShouldNotContain(".new");
        api.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatIsNoTarIsWrongInputAndAFullDiskIsAFailure()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnProblem("PUT /v1/instances/alice/data", 422, ProblemCodes.Invalid, "This is not a tar: it is text.");
        var refused = await CliRun.Of(new CliSetting { Data = api.Folder, Input = "text" }, "data", "import", "alice", "--yes");
        api.OnProblem("PUT /v1/instances/alice/data", 507, ProblemCodes.NoSpace, "The disk is full.");
        var full = await CliRun.Of(new CliSetting { Data = api.Folder, Input = "text" }, "data", "import", "alice", "--yes");

        (refused.ExitCode, full.ExitCode).ShouldBe((2, 1));
        refused.Error.ShouldContain("This is not a tar");
        full.Error.ShouldContain("The disk is full.");
    }

    [Fact]
    public async Task AnExportIntoAPipeGoesThroughItAndLeavesItAPipe()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice/data", context => context.Response.WriteAsync("the tar"));
        var pipe = Path.Combine(api.Folder, "pipe");
        using (var made = System.Diagnostics.Process.Start("mkfifo", [pipe]))
            await made.WaitForExitAsync();
        var reading = Task.Run(() => File.ReadAllTextAsync(pipe));

        var run = await CliRun.Of(api, "data", "export", "alice", "-f", pipe, "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        (await reading).ShouldBe("the tar");
        run.Json.GetProperty("bytes").GetInt64().ShouldBe(7);
        Tenantry.Targets.Linux.FileStatus.At(pipe).Kind.ShouldBe(Tenantry.Targets.Linux.FileKind.Other);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnExportThroughALinkWritesTheFileThatItLeadsTo(bool isThere)
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice/data", context => context.Response.WriteAsync("the tar"));
        var (file, link) = (Path.Combine(api.Folder, "file"), Path.Combine(api.Folder, "link"));
        if (isThere)
            await File.WriteAllTextAsync(file, "old");
        File.CreateSymbolicLink(link, "file");

        (await CliRun.Of(api, "data", "export", "alice", "-f", link)).ExitCode.ShouldBe(0);

        (await File.ReadAllTextAsync(file)).ShouldBe("the tar");
        new FileInfo(link).LinkTarget.ShouldBe("file");
    }
}
