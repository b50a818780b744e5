using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Apps;
using Tenantry.Server.Auditing;
using Tenantry.Server.Costs;
using Tenantry.Server.Engine;
using Tenantry.Server.Events;
using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Health;
using Tenantry.Server.Instances;
using Tenantry.Server.LlmKeys;
using Tenantry.Server.Metrics;
using Tenantry.Server.Networks;
using Tenantry.Server.Operations;
using Tenantry.Server.Orphans;
using Tenantry.Server.People;
using Tenantry.Server.People.Oidc;
using Tenantry.Server.People.Passkeys;
using Tenantry.Server.Rendering;
using Tenantry.Server.Secrets;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Sources;
using Tenantry.Server.Store;
using Tenantry.Server.Targets;
using Tenantry.Server.Tenants;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Api;

/// <summary>Puts the API together.</summary>
public static class ApiHost
{
    private const long LongestBody = 1 << 20;

    public static WebApplication Build(ApiParts parts)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "tenantry", ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton(parts.LoggerFactory);
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, parts));
        Register(builder.Services, parts);
        var app = builder.Build();
        var counts = new RequestMetrics("tenantry_api_request", "Durations of API requests by class of status.");
        parts.Metrics.Add(counts);
        app.Use(next => context => counts.CountAsync(context, next));
        app.UseMiddleware<Problems>();
        parts.Pages?.Use(app);
        app.UseMiddleware<Gatekeeper>();
        app.Use(next =>
        {
            parts.Pages?.Behind(next);
            return next;
        });
        app.UseWebSockets();
        app.Use(next => context => HeadRequests.AsGetAsync(context, next));
        app.UseRouting();
        app.UseMiddleware<Authorizer>();
        Map(app);
        if (parts.Pages is { } pages)
            pages.Map(app);
        else
            app.MapSignInPages();
        AccessTable.Check(((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints));
        return app;
    }

    private static void Map(WebApplication app)
    {
        app.MapHealth();
        app.MapMetrics();
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapSignIn();
        app.MapOidc();
        var v1 = app.MapGroup("/v1").AddEndpointFilter(EndpointRules.CheckQueryAsync).AddEndpointFilter(ConditionalReads.AnswerAsync);
        v1.MapServer();
        v1.MapApps();
        v1.MapSources();
        v1.MapTenants();
        v1.MapOrganizations();
        v1.MapQuotas();
        v1.MapPeople();
        v1.MapInvitations();
        v1.MapSession();
        v1.MapPasskeys();
        v1.MapInstances();
        v1.MapKeys();
        v1.MapOperations();
        v1.MapWakes();
        v1.MapLlmProviders();
        v1.MapTargets();
        v1.MapOrphans();
        v1.MapRendering();
        v1.MapNetworks();
        v1.MapCosts();
        v1.MapEvents();
        v1.MapAudit();
        v1.MapTokens();
    }

    private static void Register(IServiceCollection services, ApiParts parts)
    {
        services.AddSingleton(parts.Store);
        services.AddSingleton(parts.Engine);
        services.AddSingleton(parts.Time);
        services.AddSingleton(parts.Settings);
        services.AddSingleton(parts.Feed);
        services.AddSingleton(parts.TargetKinds);
        services.AddSingleton(new SourceUploads(parts.Folders, parts.Store, parts.StoreIsShared));
        services.AddSingleton(new WebhookBox(parts.Folders.Webhooks, parts.Time));
        services.AddSingleton<IEnumerable<IMetricSource>>(parts.Metrics);
        services.AddSingleton<StoreReady>();
        services.AddSingleton<EngineReady>();
        services.AddSingleton<IEnumerable<IReadyCheck>>(s => [s.GetRequiredService<StoreReady>(), s.GetRequiredService<EngineReady>(), .. parts.ReadyChecks]);
        services.AddSingleton<Problems>();
        services.AddSingleton<Gatekeeper>();
        services.AddSingleton<Denials>();
        services.AddSingleton<Authorizer>();
        services.AddSingleton<ApiTokens>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<Passwords>();
        services.AddSingleton<SignInLimits>();
        services.AddSingleton<OwnProof>();
        services.AddSingleton<PasskeyDesk>();
        services.AddSingleton<ISignIn, SignIn>();
        if (parts.Oidc is { } oidc)
            services.AddSingleton(new OidcProvider(oidc, parts.Time));
        services.AddSingleton(s => new ProviderTokens(s.GetService<OidcProvider>()));
        services.AddSingleton<LiveRequests>();
        services.AddSingleton<OpenStreams>();
        services.AddHostedService(s => s.GetRequiredService<LiveRequests>());
        services.AddSingleton<IdempotentAnswers>();
        services.AddSingleton<InstanceChanges>();
        services.AddSingleton<TargetNotices>();
        services.AddSingleton<PlanNotices>();
        services.AddSingleton<InstanceCosts>();
        services.AddSingleton<NewInstance>();
        services.AddSingleton<ChangedInstance>();
        services.AddSingleton<TenantDeletion>();
        services.AddSingleton<SecretWrites>();
        services.AddSingleton<LlmChanges>();
        services.AddSingleton<ExecSession>();
        services.AddSingleton<HttpReleases>();
        parts.Pages?.Register(services);
        services.AddOpenApi("v1", OpenApiDescription.Configure);
        services.ConfigureHttpJsonOptions(json => WireJson.Configure(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
    }

    private static void Listen(KestrelServerOptions kestrel, ApiParts parts)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = LongestBody;
        if (parts.Socket is { } socket)
            kestrel.ListenUnixSocket(socket, listener => SocketUser.Recognize(listener, parts.SocketUsers));
        if (parts.Address is { } address)
            kestrel.Listen(address);
    }
}

/// <summary>What the API is put together from.</summary>
public sealed record ApiParts
{
    public required IStore Store { get; init; }

    /// <summary>Several engines may work on the store.</summary>
    public bool StoreIsShared { get; init; }

    public required IEngineLink Engine { get; init; }

    public required ChangeFeed Feed { get; init; }

    public required ApiSettings Settings { get; init; }

    public required DataFolders Folders { get; init; }

    public required IReadOnlyList<TargetKind> TargetKinds { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILoggerFactory LoggerFactory { get; init; }

    /// <summary>Path of the Unix socket, or null for none.</summary>
    public string? Socket { get; init; }

    /// <summary>Users who may use the socket, besides root.</summary>
    public IReadOnlySet<uint> SocketUsers { get; init; } = new HashSet<uint>();

    /// <summary>TCP address, or null for none. Port 0 picks a free one.</summary>
    public IPEndPoint? Address { get; init; }

    /// <summary>The identity provider, or null for none.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>What <c>/metrics</c> shows; may grow until the first request.</summary>
    public List<IMetricSource> Metrics { get; init; } = [];

    /// <summary>The dashboard, or null for none.</summary>
    public IPages? Pages { get; init; }

    /// <summary>What <c>/readyz</c> asks besides store and engine.</summary>
    public IReadOnlyList<IReadyCheck> ReadyChecks { get; init; } = [];
}
