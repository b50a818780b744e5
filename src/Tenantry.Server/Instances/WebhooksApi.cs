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
        WebhookResponse[] all = [.. Of(slug, "pending", box.ListPending(id)), .. Of(slug, "dead", box.ListDead(id))];
        return TypedResults.Ok(PageQuery.Whole(all, hook => hook));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> ReplayAsync(
        string slug, string id, Change change, IStore store, WebhookBox box, CancellationToken cancellationToken)
    {
        change.Subject = $"webhook {id} of instance {slug}";
        var instance = (await InstancesApi.FindAsync(store, slug, cancellationToken)).Spec.Id;
        if (Of(slug, "dead", box.ListDead(instance)).All(hook => hook.Id != id))
            throw ProblemException.NotFound($"dead webhook of instance {slug}", id);
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "state", "dead", "pending")));
        await change.BeginOutsideAsync();
        return await box.ReplayAsync(instance, id, cancellationToken) ? TypedResults.NoContent() : throw ProblemException.NotFound($"dead webhook of instance {slug}", id);
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
        new WebhookResponse(slug, hook.Id, state, hook.ReceivedAt, hook.ExpiresAt, hook.Method, hook.Target.Split('?')[0], hook.Body.Length, hook.Failure));
}
