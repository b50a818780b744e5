using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Health;
using Tenantry.Server.Store;

namespace Tenantry.Server.Api;

/// <summary>What this server is.</summary>
internal static class ServerApi
{
    public static void MapServer(this IEndpointRouteBuilder routes) => routes.MapGet("/server", GetAsync).WithTags("Server");

    private static async Task<Ok<ServerResponse>> GetAsync(ApiSettings settings, IStore store, StoreReady storeReady, EngineReady engineReady, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ServerResponse(
            settings.Version,
            store.Owner,
            settings.BaseDomain,
            settings.Gateway()?.GetLeftPart(UriPartial.Authority),
            await storeReady.WhyNotAsync(cancellationToken) is null,
            await engineReady.WhyNotAsync(cancellationToken) is null,
            settings.StartedAt));
}
