using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Webhooks that wait for an instance, and those that were given up. Their headers and bodies are not shown.</summary>
internal static class WebhooksApi
{
    public static void MapWebhooks(this IEndpointRouteBuilder instances)
    {
        instances.MapGet("/{slug}/webhooks", ListAsync).Paged();
        instances.MapPost("/{slug}/webhooks/{id}/replay", ReplayAsync).Changes("webhook.replay");
        instances.MapDelete("/{slug}/webhooks/{id}", DropAsync).Changes("webhook.drop");
    }

    private static async Task<Ok<PageResponse<WebhookResponse>>> ListAsync(string slug, IStore store, WebhookBox box, CancellationToken cancellationToken)
    {
        var id = (await InstancesApi.FindAsync(store, slug, cancellationToken)).Spec.Id;
        WebhookResponse[] all = [.. Waiting(slug, Of(slug, "pending", box.ListPending(id)), box.Pauses.Read(id)), .. Of(slug, "dead", box.ListDead(id))];
        return TypedResults.Ok(PageQuery.Whole(all, hook => hook));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> ReplayAsync(
        string slug, string id, Change change, IStore store, WebhookBox box, CancellationToken cancellationToken)
    {
        change.Subject = $"webhook {id} of instance {slug}";
        var instance = (await InstancesApi.FindAsync(store, slug, cancellationToken)).Spec.Id;
        var hook = Of(slug, "pending", box.ListPending(instance)).Concat(Of(slug, "dead", box.ListDead(instance))).FirstOrDefault(hook => hook.Id == id)
            ?? throw ProblemException.NotFound($"webhook of instance {slug}", id);
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(hook.State == "dead" ? [new ChangeResponse(change.Subject, "state", "dead", "pending")] : []));
        await change.BeginOutsideAsync();
        if (hook.State == "pending")
        {
            // It is where it belongs; only the pause ends.
            box.Pauses.End(instance);
            return TypedResults.NoContent();
        }

        return await box.ReplayAsync(instance, id, cancellationToken) ? TypedResults.NoContent() : throw ProblemException.NotFound($"webhook of instance {slug}", id);
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DropAsync(
        string slug, string id, Change change, IStore store, WebhookBox box, CancellationToken cancellationToken)
    {
        change.Subject = $"webhook {id} of instance {slug}";
        var instance = (await InstancesApi.FindAsync(store, slug, cancellationToken)).Spec.Id;
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", id, null)));
        await change.BeginOutsideAsync();
        return await box.DropAsync(instance, id, cancellationToken) ? TypedResults.NoContent() : throw ProblemException.NotFound($"webhook of instance {slug}", id);
    }

    private static IEnumerable<WebhookResponse> Of(string slug, string state, IEnumerable<string> paths) => paths.Select(WebhookBox.Read).OfType<StoredWebhook>().Select(hook =>
        new WebhookResponse(slug, hook.Id, state, hook.ReceivedAt, hook.ExpiresAt, hook.Method, hook.Target.Split('?')[0], hook.Body.Length, hook.Failure ?? Unwritten(state), null));

    // As by a gateway whose disk was full.
    private static string? Unwritten(string state) => state == "dead" ? "why could not be written down; the gateway's log says it" : null;

    // One after the other: what the first waits for all of them wait for.
    private static IEnumerable<WebhookResponse> Waiting(string slug, IEnumerable<WebhookResponse> pending, WebhookPause? pause) => pending.Select((hook, at) => at > 0
        ? hook with { Reason = "It waits for those before it." }
        : pause is not null && (pause.Id == hook.Id || pause.Id.Length == 0) ? hook with { Reason = hook.Reason ?? pause.Reason, NextTryAt = pause.Until } : hook);
}
