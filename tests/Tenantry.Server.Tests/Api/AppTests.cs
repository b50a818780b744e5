using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class AppTests
{
    // It was told when the first tenant was made, and the note nowhere.
    [Fact]
    public async Task WhatATargetSaysOfAManifestIsToldWhenItIsApplied()
    {
        await using var api = await StartAsync();
        const string Named = "app: shop\nversion: \"1\"\nservices:\n  web: { command: [/bin/web], ports: [8080], user: node, env: { AT: \"x ${secret.key}\" } }\nsecrets:\n  key: {}\n  dsn: { env: DSN }\n  file-only: {}\n";
        using var docker = await api.Local.PutAsync("/v1/targets/docker", Json(new { kind = "docker" }));

        var refused = await ProblemAsync(await api.Local.PostAsync("/v1/apps?dryRun=true", Json(new { manifest = Named })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        using var local = await api.Local.PutAsync("/v1/targets/here", Json(new { kind = "local" }));
        var taken = await ReadAsync<ApplyAppResponse>(await api.Local.PostAsync("/v1/apps", Json(new { manifest = Named })));

        var error = refused.Errors!.ShouldHaveSingleItem();
        error.Path.ShouldBe("services.web.user");
        error.Message.ShouldContain("Write the number that it has in the image's /etc/passwd");
        taken.Notices.ShouldContain(notice => notice.StartsWith("Target 'docker' cannot run it: Service web wants to run as 'node'", StringComparison.Ordinal));
        taken.Notices.ShouldContain(notice => notice.StartsWith("On target 'docker': The secrets dsn, key are variables of a container", StringComparison.Ordinal));
        taken.Notices.Count.ShouldBe(2);
    }

    [Fact]
    public async Task TheSameManifestIsTheSameRelease()
    {
        await using var api = await StartAsync();

        using var first = await api.Local.PostAsync("/v1/apps", Json(new { manifest = Manifest }));
        using var second = await api.Local.PostAsync("/v1/apps", Json(new { manifest = Manifest + "\n# a comment\n" }));

        first.StatusCode.ShouldBe(HttpStatusCode.Created);
        second.StatusCode.ShouldBe(HttpStatusCode.OK);
        var one = await ReadAsync<ApplyAppResponse>(first);
        var two = await ReadAsync<ApplyAppResponse>(second);
        one.NewRelease.ShouldBeTrue();
        one.Changed.ShouldBeTrue();
        two.NewRelease.ShouldBeFalse();
        two.Changed.ShouldBeFalse();
        two.Release.ShouldBe(one.Release);
        one.Release.Id.ShouldMatch("^notes-[0-9a-f]{12}$");
    }

    [Fact]
    public async Task AnotherManifestIsTheNewestRelease()
    {
        await using var api = await StartAsync();
        var one = await api.ApplyAsync(Manifest);

        var two = await api.ApplyAsync(Manifest.Replace("1.0", "1.1", StringComparison.Ordinal));

        two.ShouldNotBe(one);
        (await ReadAsync<AppResponse>(await api.Local.GetAsync("/v1/apps/notes"))).Release.ShouldBe(two);
        (await ReadAsync<ReleaseResponse>(await api.Local.GetAsync("/v1/apps/notes/releases/latest"))).Version.ShouldBe("1.1");
        var old = await ReadAsync<ReleaseResponse>(await api.Local.GetAsync($"/v1/apps/notes/releases/{one}"));
        old.Manifest!.ShouldContain("\"app\":\"notes\"");
        (await ReadAsync<PageResponse<ReleaseResponse>>(await api.Local.GetAsync("/v1/apps/notes/releases"))).Items.Select(r => r.Id).ShouldBe([two, one]);
    }

    [Fact]
    public async Task AForcedBuildIsAReleaseOfItsOwnAndStaysTheNewestWhenTheSameIsAppliedAgain()
    {
        await using var api = await StartAsync();
        var manifest = Manifest + "\nbuild: { command: [make] }\n";
        var one = await api.ApplyAsync(manifest);

        api.Time.Advance(TimeSpan.FromSeconds(1));
        using var preview = await api.Local.PostAsync("/v1/apps?dryRun=true", Json(new { manifest, forceBuild = true }));
        var forced = await ReadAsync<ApplyAppResponse>(await api.Local.PostAsync("/v1/apps", Json(new { manifest, forceBuild = true })), HttpStatusCode.Created);
        var again = await ReadAsync<ApplyAppResponse>(await api.Local.PostAsync("/v1/apps", Json(new { manifest })), HttpStatusCode.OK);

        (await ReadAsync<PlanResponse>(preview, HttpStatusCode.OK)).Notices.ShouldContain(notice => notice.Contains("id", StringComparison.Ordinal));
        forced.Release.Id.ShouldNotBe(one);
        (forced.Release.ManifestDigest, forced.Release.InputsDigest).ShouldBe((again.Release.ManifestDigest, again.Release.InputsDigest));
        (again.Release.Id, again.NewRelease, again.Changed).ShouldBe((forced.Release.Id, false, false));
        var problem = await ProblemAsync(await api.Local.PostAsync("/v1/apps", Json(new { manifest = Manifest, forceBuild = true })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        problem.Errors!.ShouldHaveSingleItem().Path.ShouldBe("forceBuild");
    }

    [Fact]
    public async Task EveryMistakeOfAManifestIsToldWithItsPlace()
    {
        await using var api = await StartAsync();
        const string wrong = "app: Notes\nversion: \"1\"\nservices:\n  web:\n    comand: [/bin/x]\n    ports: [99999]\n";

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/apps", Json(new { manifest = wrong, fileName = "my.yaml" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.Count.ShouldBeGreaterThanOrEqualTo(3);
        problem.Errors.ShouldAllBe(e => e.File == "my.yaml" && e.Line > 0 && e.Column > 0);
        problem.Errors.ShouldContain(e => e.Line == 5 && e.Message.Contains("'command'", StringComparison.Ordinal));
        problem.Errors.ShouldContain(e => e.Line == 6);
    }

    [Fact]
    public async Task AFileThatTheManifestNamesMustBeSent()
    {
        await using var api = await StartAsync();
        var manifest = Manifest.Replace("    ports: [8080]", "    ports: [8080]\n    files:\n      /etc/notes.conf: { source: notes.conf }", StringComparison.Ordinal);

        var problem = await ProblemAsync(await api.Local.PostAsync("/v1/apps", Json(new { manifest })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        var files = new Dictionary<string, string>(StringComparer.Ordinal) { ["notes.conf"] = "name=${tenant.name}" };
        var applied = await ReadAsync<ApplyAppResponse>(await api.Local.PostAsync("/v1/apps", Json(new { manifest, files })));

        var error = problem.Errors!.ShouldHaveSingleItem();
        error.Path.ShouldBe("services.web.files[\"/etc/notes.conf\"].source");
        var release = await ReadAsync<ReleaseResponse>(await api.Local.GetAsync($"/v1/apps/notes/releases/{applied.Release.Id}"));
        release.Manifest!.ShouldContain("name=${tenant.name}");
    }

    [Fact]
    public async Task InputsMustBeSentBeforeTheApp()
    {
        await using var api = await StartAsync();
        var digest = "sha256:" + new string('0', 64);

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/apps", Json(new { manifest = Manifest, inputsDigest = digest })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.ShouldHaveSingleItem().Path.ShouldBe("inputsDigest");
    }

    [Fact]
    public async Task WhatIsAcceptedAndNotActedOnYetIsNamed()
    {
        await using var api = await StartAsync();

        var checkedOnly = await ReadAsync<ApplyAppResponse>(await api.Local.PostAsync("/v1/apps", Json(new { manifest = Manifest })));
        var applied = await ReadAsync<ApplyAppResponse>(await api.Local.PostAsync("/v1/apps", Json(new { manifest = Manifest + "\nbackup: { every: 1d }\n" })));

        checkedOnly.Notices.ShouldBeEmpty("values are checked against the pattern");
        applied.Notices.ShouldBe(["'backup' is accepted and not acted on yet. No backups are made by themselves."]);
    }

    [Fact]
    public async Task ADryRunTellsWhatWouldChangeAndChangesNothing()
    {
        await using var api = await StartAsync();

        var plan = await ReadAsync<PlanResponse>(await api.Local.PostAsync("/v1/apps?dryRun=true", Json(new { manifest = Manifest })), HttpStatusCode.OK);

        plan.Changes.ShouldContain(c => c.Subject == "app notes" && c.Field == "release" && c.From == null);
        await ProblemAsync(await api.Local.GetAsync("/v1/apps/notes"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task AnAppWithAnInstanceIsNotDeleted()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        await ProblemAsync(await api.Local.DeleteAsync("/v1/apps/notes"), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Local.DeleteAsync("/v1/apps/notes?dryRun=true"), HttpStatusCode.Conflict, ProblemCodes.Conflict);
    }

    [Fact]
    public async Task AnAppWithoutInstancesIsDeleted()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();

        using var answer = await api.Local.DeleteAsync("/v1/apps/notes");

        answer.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await ProblemAsync(await api.Local.DeleteAsync("/v1/apps/notes"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await api.Local.GetAsync("/v1/apps/notes/releases"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task AReleaseOfAnotherAppIsNotFound()
    {
        await using var api = await StartAsync();
        var other = await api.ApplyAsync(Manifest.Replace("app: notes", "app: other", StringComparison.Ordinal));
        await api.ApplyAsync(Manifest);

        await ProblemAsync(await api.Local.GetAsync($"/v1/apps/notes/releases/{other}"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }
}
