using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Apps;
using Tenantry.Server.Engine;
using Tenantry.Server.Sources;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>What a manifest that is not applied would do to an instance: for whoever reviews it. Nothing is stored.</summary>
internal static class ManifestPlanApi
{
    internal static async Task<Ok<PlanResponse>> PlanAsync(
        string slug, Body<ApplyAppRequest> body, SourceUploads uploads, ChangedInstance changed, PlanNotices notices, IStore store, IEngineLink engine, TimeProvider time, CancellationToken cancellationToken)
    {
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        if (record.Spec.Desired == DesiredState.Deleted)
            throw ProblemException.Conflict($"The instance '{slug}' is being deleted.");
        var (release, _) = await ReleaseOfRequest.MakeAsync(body.Value, uploads, time.GetUtcNow(), cancellationToken);
        if (release.App != record.Spec.App)
            throw ProblemException.Invalid("manifest", $"The manifest is of the app '{release.App}', and '{slug}' is an instance of '{record.Spec.App}'.");
        var wanted = changed.Resolve(record.Spec, release, new UpdateInstanceRequest());
        var plan = await engine.PlanAsync(new PlanQuestion(wanted with { Generation = record.Spec.Generation + 1 }, Release: release), cancellationToken);
        return TypedResults.Ok(PlanResponse.Of([.. InstanceView.Differences(record.Spec, wanted)], plan, await notices.OfAsync(wanted, ManifestJson.Read(release.Manifest), cancellationToken)));
    }
}
