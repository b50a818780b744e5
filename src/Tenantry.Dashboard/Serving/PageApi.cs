using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tenantry.Client;

namespace Tenantry.Dashboard.Serving;

/// <summary>The API of this process, asked as who asks for the page.</summary>
internal sealed class PageApi
{
    private PageApi(TenantryClient client) => Client = client;

    public TenantryClient Client { get; }

    public static ValueTask<PageApi> BindAsync(HttpContext context)
    {
        var client = context.RequestServices.GetRequiredService<DashboardPages>().ClientOf(context);
        context.Response.RegisterForDispose(client);
        return ValueTask.FromResult(new PageApi(client));
    }

    /// <summary>What the call gives; null where the caller's role does not hold it.</summary>
    public static async Task<T?> IfAllowedAsync<T>(Func<Task<T>> call)
        where T : class
    {
        try
        {
            return await call();
        }
        catch (TenantryException refused) when (refused.Status == System.Net.HttpStatusCode.Forbidden)
        {
            return null;
        }
    }
}
