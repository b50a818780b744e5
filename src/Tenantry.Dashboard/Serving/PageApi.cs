using Microsoft.Extensions.DependencyInjection;
using Tenantry.Server.Access;

namespace Tenantry.Dashboard.Serving;

/// <summary>The API of this process, asked as who asks for the page.</summary>
internal sealed class PageApi
{
    private readonly Caller caller;

    private PageApi(TenantryClient client, Caller who) => (Client, caller) = (client, who);

    public TenantryClient Client { get; }

    public static ValueTask<PageApi> BindAsync(HttpContext context)
    {
        var client = context.RequestServices.GetRequiredService<DashboardPages>().ClientOf(context);
        context.Response.RegisterForDispose(client);
        return ValueTask.FromResult(new PageApi(client, Caller.Of(context)));
    }

    /// <summary>Whether the caller's role holds that endpoint, for a thing of that organization.</summary>
    public bool May(string endpoint, string? organization = null) => caller.May(endpoint, organization);

    /// <summary>What the call to that endpoint gives; null where the caller's role does not hold it, which is then not asked for.</summary>
    public async Task<T?> IfAllowedAsync<T>(string endpoint, Func<Task<T>> call, string? organization = null)
        where T : class => caller.May(endpoint, organization) ? await call() : null;
}
