using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Access;

/// <summary>The organization whose thing a request is about, once that is known. It says in the audit who may read of it, and decides nothing.</summary>
internal sealed record ConcernedOrganization(string Name)
{
    /// <summary>Empty: none is known.</summary>
    public static string Of(HttpContext context) => context.Features.Get<ConcernedOrganization>()?.Name ?? "";

    public static void Set(HttpContext context, string name) => context.Features.Set(new ConcernedOrganization(name));
}
