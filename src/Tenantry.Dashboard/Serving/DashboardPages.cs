using Microsoft.Extensions.DependencyInjection;
using Tenantry.Dashboard.Pages;
using Tenantry.Server.Access;

namespace Tenantry.Dashboard.Serving;

/// <summary>The dashboard: pages at the API's addresses that ask the API in this process for everything, as who looks at them.</summary>
public sealed class DashboardPages : IPages
{
    private static readonly TenantryAddress Here = TenantryAddress.Parse("http://localhost");
    private RequestDelegate api = _ => throw new InvalidOperationException("The API is not there yet.");

    /// <inheritdoc/>
    public void Register(IServiceCollection services)
    {
        services.AddSingleton(this);
        services.AddSingleton<PageErrors>();
        services.AddSingleton<AssetFiles>();
        services.AddSingleton<Playground>();
    }

    /// <inheritdoc/>
    public void Use(IApplicationBuilder app) => app.UseMiddleware<PageErrors>();

    /// <inheritdoc/>
    public void Behind(RequestDelegate next) => api = next;

    /// <inheritdoc/>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/assets/{name}", (HttpContext context, AssetFiles assets) => assets.ServeAsync(context)).WithMetadata(new OpenToAll()).ExcludeFromDescription();
        var pages = routes.MapGroup("").ExcludeFromDescription();
        pages.MapFleet();
        pages.MapInstances();
        pages.MapInstanceForms();
        pages.MapConfiguration();
        pages.MapOpen();
        pages.MapDeploy();
        pages.MapActivity();
        pages.MapSettings();
        pages.MapAccount();
        routes.MapSignInDashboard();
    }

    internal TenantryClient ClientOf(HttpContext context) => new(Here, new ApiHandler(api, context));
}
