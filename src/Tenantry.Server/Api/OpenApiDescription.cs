using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.OpenApi;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Api;

/// <summary>What OpenAPI cannot see by itself: problems, and the headers and parameters that hold for endpoints of one sort.</summary>
internal static class OpenApiDescription
{
    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Tenantry", Version = "v1", Description = "One private running copy of an application for every tenant." };
            document.Servers = null;
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes["token"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "On TCP. The Unix socket needs no token.",
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeAsync);
    }

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<ChangeMetadata>().Any())
        {
            Add(operation, "dryRun", ParameterLocation.Query, JsonSchemaType.Boolean, "Answers with what would change, and changes nothing.");
            if (context.Description.HttpMethod is "POST")
                Add(operation, "Idempotency-Key", ParameterLocation.Header, JsonSchemaType.String, "The same key with the same request gives the same answer again.");
        }

        if (metadata.OfType<VersionMetadata>().FirstOrDefault() is { } version)
            Add(operation, "If-Match", ParameterLocation.Header, JsonSchemaType.String, "The ETag of the version that is meant; * takes any.", version.IsNeeded);
        operation.OperationId = OperationIds.Of(context.Description.HttpMethod ?? "", "/" + context.Description.RelativePath, metadata.OfType<ChangeMetadata>().FirstOrDefault()?.Action, metadata.OfType<QueryMetadata>().Any(m => m.Names.Contains("limit")));

        // Some endpoints read these by themselves.
        foreach (var name in RoutePatternFactory.Parse(context.Description.RelativePath ?? "").Parameters.Select(part => part.Name))
            Add(operation, name, ParameterLocation.Path, JsonSchemaType.String, "");
        foreach (var name in metadata.OfType<QueryMetadata>().SelectMany(m => m.Names))
            Add(operation, name, ParameterLocation.Query, JsonSchemaType.String, "");

        var problem = await context.GetOrCreateSchemaAsync(typeof(ProblemResponse), null, cancellationToken);
        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "A problem (RFC 9457).",
            Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["application/problem+json"] = new OpenApiMediaType { Schema = problem } },
        };
    }

    private static void Add(OpenApiOperation operation, string name, ParameterLocation place, JsonSchemaType type, string description, bool isRequired = false)
    {
        operation.Parameters ??= [];
        if (operation.Parameters.Any(known => known.Name == name && known.In == place))
            return;
        operation.Parameters.Add(new OpenApiParameter { Name = name, In = place, Description = description.Length == 0 ? null : description, Required = isRequired || place == ParameterLocation.Path, Schema = new OpenApiSchema { Type = type } });
    }
}
