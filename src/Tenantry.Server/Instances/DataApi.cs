using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>All data of an instance, out and in.</summary>
internal static class DataApi
{
    private const string Tar = "application/x-tar";

    public static void MapData(this IEndpointRouteBuilder instances)
    {
        instances.MapGet("/{slug}/data", ExportAsync).Produces(200, contentType: Tar).Streams();
        instances.MapPut("/{slug}/data", ImportAsync).Changes("instance.import").TakesVersion().BodyUpTo(null).Accepts<Stream>(Tar);
    }

    private static async Task ExportAsync(
        string slug, HttpContext context, IStore store, IEngineLink engine, TimeProvider time, ILogger<Problems> log, CancellationToken cancellationToken)
    {
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        await store.AppendAuditAsync(
            new AuditEntry(Caller.Of(context).Name, "instance.export", $"instance {slug}", "started", "", context.TraceIdentifier, time.GetUtcNow()) { Through = Caller.Of(context).ThroughText, Organization = record.Spec.Organization }, cancellationToken);
        context.Response.ContentType = Tar;
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{slug}.tar\"";
        await StreamFailure.ToldAsync(context, log, () => engine.ExportAsync(record.Spec.Id, context.Response.Body, cancellationToken));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> ImportAsync(
        string slug, HttpContext context, Change change, IStore store, IEngineLink engine, CancellationToken cancellationToken)
    {
        change.Subject = $"instance {slug}";
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        change.Expect(change.Subject, record.Spec.Generation);
        // One that is being woken would be waited for, and then be awake.
        if (record.Status.Phase != InstancePhase.Asleep || record.Desired != DesiredState.Asleep)
        {
            var now = record.Status.Phase == InstancePhase.Asleep ? $"to be {record.Desired}" : $"{record.Status.Phase}";
            throw ProblemException.Conflict($"The instance '{slug}' must be asleep while its data is replaced; it is {now}.");
        }

        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "data", "the present volumes", "the volumes of the tar")));
        await change.BeginOutsideAsync();
        await engine.ImportAsync(record.Spec.Id, context.Request.Body, cancellationToken);
        return TypedResults.NoContent();
    }
}
