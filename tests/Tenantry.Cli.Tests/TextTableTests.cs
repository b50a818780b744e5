using Tenantry.Model.Instances;
using Spectre.Console;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Tests;

public class TextTableTests
{
    private const string LongSlug = "a-tenant-with-a-very-long-name-for-its-app-stagi";

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public void ALongSlugIsWholeAndStandsBesideItsPhaseOnANarrowTerminal(int width)
    {
        var table = new TextTable("SLUG", "APP", "PHASE", "HEALTH", "URL", "REASON") { MayLack = ["APP", "URL"] };
        table.Row(LongSlug, "site", "Running", "Healthy", $"http://{LongSlug}.localhost:8080", "");

        var lines = Write(table, width);

        lines.Length.ShouldBe(2);
        lines[1].ShouldStartWith(LongSlug + "  ");
        lines[1].ShouldContain("Running  Healthy");
        lines.ShouldAllBe(line => line.GetCellWidth() <= width);
    }

    [Fact]
    public void SentencesWrapBetweenWordsOnly()
    {
        var table = new TextTable("ID", "INSTANCE", "STATE", "MESSAGE");
        table.Row("01KABCDEFGHJKMNPQRSTVWXYZ0", "alice", "Failed", "service web: extraordinarily long words are never broken into their letters");

        var lines = Write(table, 80);

        var words = lines.SelectMany(line => line.Split(' ')).ToHashSet(StringComparer.Ordinal);
        words.ShouldContain("extraordinarily");
        words.ShouldContain("letters");
        lines.ShouldAllBe(line => line.GetCellWidth() <= 80);
    }

    [Fact]
    public void AsTheLastMeansANameLosesItsMiddleAndTheFirstColumnStays()
    {
        var table = new TextTable("ID", "KIND", "INSTANCE", "STATE", "TOOK", "MESSAGE") { MayLack = ["TOOK"] };
        table.Row("01KABCDEFGHJKMNPQRSTVWXYZ0", "Create", LongSlug, "Succeeded", "12 s", "");

        var lines = Write(table, 80);

        lines.Length.ShouldBe(2);
        lines[1].ShouldStartWith("01KABCDEFGHJKMNPQRSTVWXYZ0  Create  a-tenant-");
        lines[1].ShouldContain("…");
        lines[1].ShouldContain("-stagi  Succeeded");
    }

    [Fact]
    public void WhatDoesNotFitAtAllIsLeftToTheTerminalAndLosesNothing()
    {
        var table = new TextTable("TENANT", "OWNER", "CREATED");
        table.Row("alice", "somebody with many names and more words", "2026-11-28 10:00:00");

        var lines = Write(table, 30);

        lines.Length.ShouldBe(2);
        lines[1].ShouldContain("somebody with many names and more words");
        lines[1].ShouldContain("2026-11-28 10:00:00");
    }

    private static string[] Write(TextTable table, int width)
    {
        using var writer = new StringWriter();
        var output = new Output(CliHost.OfProcess() with { Out = writer, OutputIsTerminal = false }, json: false);
        output.Console.Profile.Width = width;
        table.Write(output, "nothing");
        return writer.ToString().TrimEnd().Split('\n');
    }

    [Fact]
    public async Task TheLastOutputOfAnAppDoesNotFloodATable()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice) with { Phase = InstancePhase.Failed, Reason = "It ended with exit code 3. It said last:\nline 1\nline 2" });
        api.On("GET /v1/instances/alice", Samples.Alice with { Phase = InstancePhase.Failed, Reason = "It ended with exit code 3. It said last:\nline 1\nline 2" });

        var list = await CliRun.Of(api, "status");
        var one = await CliRun.Of(api, "status", "alice");

        list.Out.ShouldContain("It said last: …");
        list.Out.ShouldNotContain("line 1");
        one.Out.ShouldMatch(@"It said last:\n +line 1\n +line 2");
    }

    [Fact]
    public async Task WhatAnAppSaysDoesNothingToTheTerminalOfWhoLooksAtIt()
    {
        const string evil = "It said last:\n\u001b]0;pwn\u0007\u001b[31mred\u001b[2Jxx\u009b1A \u202etxt";
        await using var api = await FakeApi.StartAsync();
        var alice = Samples.Alice with { Phase = InstancePhase.Failed, Reason = evil, Conditions = [new("Ready", false, evil, DateTimeOffset.UnixEpoch)], Drift = [new("service/web", evil, evil)] };
        api.OnList("GET /v1/instances", Samples.Listed(alice) with { Reason = "\u001b[2J" + evil });
        api.On("GET /v1/instances/alice", alice);
        api.OnProblem("GET /v1/instances/bob", 502, "target-failed", evil);

        foreach (var arguments in (string[][])[["status"], ["status", "alice"], ["status", "bob"]])
        {
            var run = await CliRun.Of(api, arguments);
            (run.Out + run.Error).ShouldNotContain('\u001b', $"{string.Join(' ', arguments)}");
            (run.Out + run.Error).IndexOfAny(['\u0007', '\u009b', '\u202e']).ShouldBe(-1, string.Join(' ', arguments));
        }

        (await CliRun.Of(api, "status", "alice")).Out.ShouldContain("red\uFFFD[2Jxx");
    }
}
