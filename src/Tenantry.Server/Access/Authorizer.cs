using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Access;

/// <summary>
/// Decides what who was let in may ask for, by <see cref="AccessTable"/>. What belongs to another organization is answered as what is not there (404); what
/// a role does not hold, with 403, and written to the audit when it would have changed something.
/// </summary>
internal sealed class Authorizer(IStore store, TimeProvider time) : IMiddleware
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint() is RouteEndpoint endpoint && AccessTable.IsRuled(endpoint.RoutePattern.RawText))
        {
            var caller = Caller.Of(context);
            var rule = AccessTable.Of(endpoint, context.Request.Method);
            if (caller.Organization is not null && rule.Reach == Reach.Organization)
                await RequireOwnAsync(context, caller);
            if (!rule.Admits(caller.Role, caller.Organization is not null))
                await RefuseAsync(context, endpoint, caller, rule);
        }

        await next(context);
    }

    private async Task RequireOwnAsync(HttpContext context, Caller caller)
    {
        var cancellationToken = context.RequestAborted;
        var values = context.Request.RouteValues;
        if (values["slug"] is string slug)
            caller.MustSee((await store.FindInstanceBySlugAsync(slug, cancellationToken))?.Spec.Organization, "instance", slug);
        else if (values["tenant"] is string tenant)
            caller.MustSee((await store.FindTenantAsync(tenant, cancellationToken))?.Organization, "tenant", tenant);
        else if (values["id"] is string operation)
            caller.MustSee(await store.FindOperationOrganizationAsync(operation, cancellationToken), "operation", operation);
    }

    private async Task RefuseAsync(HttpContext context, RouteEndpoint endpoint, Caller caller, AccessRule rule)
    {
        var what = $"{context.Request.Method} {context.Request.Path}";
        var where = caller.Organization is null ? "" : $" of the organization '{caller.Organization}'";
        var why = rule.Reach == Reach.Organization || caller.Organization is null
            ? $"The token '{caller.Name}' has the role {Word(caller.Role)}{where}, which does not hold {what}."
            : $"The token '{caller.Name}' is{where}; {what} is the platform's.";
        if (endpoint.Metadata.GetMetadata<ChangeMetadata>() is { } change)
            await store.AppendAuditAsync(new AuditEntry(caller.Name, change.Action, context.Request.Path, "denied", why, context.TraceIdentifier, time.GetUtcNow()), CancellationToken.None);
        throw ProblemException.Forbidden(why);
    }

    private static string Word(Role role) => role.ToString().ToLowerInvariant();
}
