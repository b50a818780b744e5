using Microsoft.AspNetCore.Http;
using Tenantry.Server.Api;

namespace Tenantry.Server.Access;

/// <summary>The organization whose thing a request is about, once that is known. It says in the audit who may read of it, and decides nothing.</summary>
internal sealed record ConcernedOrganization(string Name)
{
    /// <summary>Empty: none is known.</summary>
    public static string Of(HttpContext context) => context.Features.Get<ConcernedOrganization>()?.Name ?? "";

    /// <summary>The same of a refusal: what tells whose a thing is that is another organization's is for the platform to read.</summary>
    public static string Of(HttpContext context, ProblemException refused) => refused.Denied is null ? Of(context) : "";

    public static void Set(HttpContext context, string name) => context.Features.Set(new ConcernedOrganization(name));
}
