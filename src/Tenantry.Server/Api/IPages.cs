using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Tenantry.Server.Api;

/// <summary>Pages for people, at the API's addresses and beside its routes. What they show and change goes through the API.</summary>
public interface IPages
{
    void Register(IServiceCollection services);

    /// <summary>Before anybody is let in: what answers who is not, and what went wrong, as a page.</summary>
    void Use(IApplicationBuilder app);

    /// <summary>After somebody was let in. <paramref name="next"/> is the API as it is from there on: a request that carries its caller is answered like one that came over the network.</summary>
    void Behind(RequestDelegate next);

    void Map(IEndpointRouteBuilder routes);
}
