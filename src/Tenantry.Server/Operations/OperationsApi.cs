using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Events;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Operations;

/// <summary>Long-running changes.</summary>
internal static class OperationsApi
{
    public static void MapOperations(this IEndpointRouteBuilder routes)
    {
        var operations = routes.MapGroup("/operations").WithTags("Operations");
        operations.MapGet("", ListAsync).Paged().Takes("instance");
        operations.MapGet("/{id}", GetAsync);
        operations.MapGet("/{id}/events", WatchAsync).Produces<OperationResponse>(200, EventStream.ContentType).Streams();
    }

    private static async Task<Ok<PageResponse<OperationResponse>>> ListAsync(
        [AsParameters] PageQuery page, string? instance, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var caller = Caller.Of(context);
        if (instance is null && caller.Organizations is { } own)
            return TypedResults.Ok(PageQuery.Answer(context, await store.ListOperationsOfAsync(own, page.Request(), cancellationToken), OperationResponse.Of));
        var spec = instance is null ? null : (await InstancesApi.FindAsync(store, instance, cancellationToken)).Spec;
        if (spec is not null)
            caller.MustSee(spec.Organization, "instance", spec.Slug);
        return TypedResults.Ok(PageQuery.Answer(context, await store.ListOperationsAsync(spec?.Id, page.Request(), cancellationToken), OperationResponse.Of));
    }

    private static async Task<Ok<OperationResponse>> GetAsync(string id, IStore store, CancellationToken cancellationToken) =>
        TypedResults.Ok(OperationResponse.Of(await FindAsync(store, id, cancellationToken)));

    private static async Task<EventStream> WatchAsync(string id, IStore store, ChangeFeed feed, TimeProvider time, CancellationToken cancellationToken)
    {
        await FindAsync(store, id, cancellationToken);
        return new EventStream(token => OperationWatch.RunAsync(id, store, feed, token), time);
    }

    private static async Task<Model.Operations.Operation> FindAsync(IStore store, string id, CancellationToken cancellationToken) =>
        await store.FindOperationAsync(id, cancellationToken) ?? throw ProblemException.NotFound("operation", id);
}
