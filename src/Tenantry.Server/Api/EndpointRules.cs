using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Api;

/// <summary>What holds for endpoints of one sort.</summary>
internal static class EndpointRules
{
    /// <summary>An endpoint that changes something: <paramref name="action"/> names it in the audit.</summary>
    public static RouteHandlerBuilder Changes(this RouteHandlerBuilder endpoint, string action) => endpoint
        .WithMetadata(new ChangeMetadata(action))
        .Takes("dryRun")
        .Produces<PlanResponse>()
        .AddEndpointFilterFactory((_, next) =>
        {
            ChangeFilter? filter = null;
            return context => (filter ??= ActivatorUtilities.CreateInstance<ChangeFilter>(context.HttpContext.RequestServices, action)).InvokeAsync(context, next);
        });

    /// <summary>Query parameters that the endpoint knows; any other is refused, so that a misspelt one never goes unnoticed.</summary>
    public static RouteHandlerBuilder Takes(this RouteHandlerBuilder endpoint, params string[] names) => endpoint.WithMetadata(new QueryMetadata(names));

    /// <summary>A change that may say, as <c>If-Match</c>, which version it expects.</summary>
    public static RouteHandlerBuilder TakesVersion(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new VersionMetadata(IsNeeded: false));

    /// <summary>The same, and has to.</summary>
    public static RouteHandlerBuilder NeedsVersion(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new VersionMetadata(IsNeeded: true));

    /// <summary>A list in parts.</summary>
    public static RouteHandlerBuilder Paged(this RouteHandlerBuilder endpoint) => endpoint.Takes("limit", "cursor");

    /// <summary>Bodies of at most so many bytes; null: without a limit.</summary>
    public static RouteHandlerBuilder BodyUpTo(this RouteHandlerBuilder endpoint, long? bytes) => endpoint.WithMetadata(new BodyLimit(bytes));

    /// <summary>Refuses query parameters that the endpoint does not know.</summary>
    public static ValueTask<object?> CheckQueryAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        if (request.QueryString.HasValue && context.HttpContext.GetEndpoint() is { } endpoint)
        {
            var known = endpoint.Metadata.GetOrderedMetadata<QueryMetadata>().SelectMany(m => m.Names).ToArray();
            var errors = request.Query.Keys.Where(name => !known.Contains(name, StringComparer.Ordinal))
                .Select(name => new ProblemError(name, $"There is no query parameter '{name}' here.{Nearest.Hint(name, known)}"))
                .ToArray();
            if (errors.Length > 0)
                throw ProblemException.Invalid(errors);
            // Lists that always come whole refuse a bad limit as those in parts do.
            if (request.Query.TryGetValue("limit", out var limit))
                _ = new PageQuery(limit, null).Request();
        }

        return next(context);
    }

    private sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
}

/// <summary>Marks an endpoint that changes something.</summary>
internal sealed record ChangeMetadata(string Action);

/// <summary>Marks a change of something that has versions.</summary>
internal sealed record VersionMetadata(bool IsNeeded);

/// <summary>Query parameters of an endpoint.</summary>
internal sealed record QueryMetadata(IReadOnlyList<string> Names);
