using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Apps;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Secrets;
using Tenantry.Server.Sources;
using Tenantry.Server.Store;

namespace Tenantry.Server.Apps;

/// <summary>Apps and their releases.</summary>
internal static class AppsApi
{
    internal const long LongestManifest = 4 << 20;
    private const string ForcedNotice = "A forced build is a release of its own, which gets its id when it is applied: another one than is shown here.";

    public static void MapApps(this IEndpointRouteBuilder routes)
    {
        var apps = routes.MapGroup("/apps").WithTags("Apps");
        apps.MapGet("", ListAsync).Paged();
        apps.MapGet("/{app}", GetAsync);
        apps.MapPost("", ApplyAsync).Changes("app.apply").BodyUpTo(LongestManifest);
        apps.MapDelete("/{app}", DeleteAsync).Changes("app.delete").TakesVersion();
        apps.MapGet("/{app}/releases", ListReleasesAsync).Paged();
        apps.MapGet("/{app}/releases/{release}", GetReleaseAsync);
        apps.MapSecrets("/{app}", "tenant", "organization");
    }

    private static async Task<Ok<PageResponse<AppResponse>>> ListAsync(
        [AsParameters] PageQuery page, IStore store, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(PageQuery.Answer(context, await store.ListAppsAsync(page.Request(), cancellationToken), AppResponse.Of));

    private static async Task<Ok<AppResponse>> GetAsync(string app, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var found = await store.FindAppAsync(app, cancellationToken) ?? throw ProblemException.NotFound("app", app);
        ETags.Set(context, found.Version);
        return TypedResults.Ok(AppResponse.Of(found));
    }

    private static async Task<Results<Created<ApplyAppResponse>, Ok<ApplyAppResponse>, Ok<PlanResponse>>> ApplyAsync(
        Body<ApplyAppRequest> body, Change change, IStore store, SourceUploads uploads, TargetNotices targets, TimeProvider time, CancellationToken cancellationToken)
    {
        var (release, notices) = await ReleaseOfRequest.MakeAsync(body.Value, uploads, time.GetUtcNow(), cancellationToken);
        notices = [.. notices, .. await targets.OfAsync(ManifestJson.Read(release.Manifest), cancellationToken)];
        if (!body.Value.ForceBuild)
            release = await NewestOfSameAsync(release, store, cancellationToken);
        change.Subject = $"app {release.App}";
        change.Detail = $"release {release.Id}";
        if (change.IsDryRun)
            return TypedResults.Ok(await PreviewAsync(release, body.Value.ForceBuild ? [.. notices, ForcedNotice] : notices, store, cancellationToken));
        var applied = await store.ApplyReleaseAsync(release, cancellationToken);
        var answer = new ApplyAppResponse(
            AppResponse.Of(applied.App), ReleaseResponse.Of(applied.Release), applied.IsNewRelease, applied.AppChanged, notices)
        {
            BuiltAs = await SameBuildAsync(applied.Release, store, cancellationToken),
        };
        return applied.IsNewRelease
            ? TypedResults.Created($"/v1/apps/{applied.App.Name}/releases/{applied.Release.Id}", answer)
            : TypedResults.Ok(answer);
    }

    // Who applies the same again means the build that was forced last, not the one before it.
    private static async Task<Model.Apps.Release> NewestOfSameAsync(Model.Apps.Release release, IStore store, CancellationToken cancellationToken) =>
        (await store.ListReleasesAsync(release.App, cancellationToken)).FirstOrDefault(known => known.ManifestDigest == release.ManifestDigest && known.InputsDigest == release.InputsDigest) ?? release;

    private static async Task<string?> SameBuildAsync(Model.Apps.Release release, IStore store, CancellationToken cancellationToken)
    {
        if (ReleaseId.IsForced(release) || ManifestJson.Read(release.Manifest).Build is not { } build)
            return null;
        return (await store.ListReleasesAsync(release.App, cancellationToken))
            .FirstOrDefault(known => known.Id != release.Id && known.InputsDigest == release.InputsDigest && !ReleaseId.IsForced(known) && ManifestJson.Read(known.Manifest).Build is { } other && Same(build, other))?.Id;
    }

    private static bool Same(BuildDefinition build, BuildDefinition other) =>
        build.Command.SequenceEqual(other.Command) && build.Dockerfile == other.Dockerfile && build.Output == other.Output
        && build.Env.OrderBy(pair => pair.Key, StringComparer.Ordinal).SequenceEqual(other.Env.OrderBy(pair => pair.Key, StringComparer.Ordinal));

    private static async Task<PlanResponse> PreviewAsync(
        Model.Apps.Release release, IReadOnlyList<string> notices, IStore store, CancellationToken cancellationToken)
    {
        var subject = $"app {release.App}";
        var changes = new List<ChangeResponse>();
        if (await store.FindReleaseAsync(release.Id, cancellationToken) is null)
            changes.Add(new ChangeResponse($"release {release.Id}", "", null, release.Version));
        var app = await store.FindAppAsync(release.App, cancellationToken);
        if (app?.Release != release.Id)
            changes.Add(new ChangeResponse(subject, "release", app?.Release, release.Id));
        return new PlanResponse(changes, [], null, notices);
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DeleteAsync(
        string app, Change change, IStore store, SourceUploads uploads, TimeProvider time, CancellationToken cancellationToken)
    {
        change.Subject = $"app {app}";
        var found = await store.FindAppAsync(app, cancellationToken) ?? throw ProblemException.NotFound("app", app);
        change.Expect(change.Subject, found.Version);
        if (change.IsDryRun)
        {
            var instances = await store.ListInstancesAsync(new InstanceFilter(App: app), new PageRequest(1), cancellationToken);
            return instances.Items is [var one, ..]
                ? throw ProblemException.Conflict($"The app '{app}' still has the instance '{one.Spec.Slug}'.")
                : TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", found.Release, null)));
        }

        var inputs = (await store.ListReleasesAsync(app, cancellationToken)).Select(release => release.InputsDigest).Where(SourceUploads.IsDigest).ToList();
        if (!await store.DeleteAppAsync(app, cancellationToken))
            throw ProblemException.NotFound("app", app);
        await uploads.SweepAsync(inputs, time.GetUtcNow(), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<PageResponse<ReleaseResponse>>> ListReleasesAsync(string app, IStore store, CancellationToken cancellationToken)
    {
        var releases = await store.ListReleasesAsync(app, cancellationToken);
        if (releases.Count == 0 && await store.FindAppAsync(app, cancellationToken) is null)
            throw ProblemException.NotFound("app", app);
        return TypedResults.Ok(PageQuery.Whole(releases, r => ReleaseResponse.Of(r)));
    }

    private static async Task<Ok<ReleaseResponse>> GetReleaseAsync(string app, string release, IStore store, CancellationToken cancellationToken)
    {
        var found = await FindReleaseAsync(store, app, release, cancellationToken);
        return TypedResults.Ok(ReleaseResponse.Of(found, withManifest: true));
    }

    /// <summary>A release of the app by its id, or its newest one by <c>latest</c>.</summary>
    public static async Task<Model.Apps.Release> FindReleaseAsync(IStore store, string app, string release, CancellationToken cancellationToken)
    {
        var found = await store.FindAppAsync(app, cancellationToken) ?? throw ProblemException.NotFound("app", app, "app");
        var id = release == "latest" ? found.Release : release;
        var stored = await store.FindReleaseAsync(id, cancellationToken);
        return stored?.App == app ? stored : throw ProblemException.NotFound($"release of {app}", release, "release");
    }
}
