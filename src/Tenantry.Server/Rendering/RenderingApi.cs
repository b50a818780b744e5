using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Model.Workloads;
using Tenantry.Server.Api;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Compose;

namespace Tenantry.Server.Rendering;

/// <summary>Instances in the words of other tools. Reads and changes nothing.</summary>
internal static partial class RenderingApi
{
    private const int LongestLabel = 200;

    public static void MapRendering(this IEndpointRouteBuilder routes)
    {
        var rendering = routes.MapGroup("/render").WithTags("Rendering");
        rendering.MapPost("/compose", RenderAsync);
        rendering.MapPost("/terraform", TerraformRenderingApi.RenderAsync);
    }

    private static async Task<Ok<RenderComposeResponse>> RenderAsync(Body<RenderComposeRequest> body, IStore store, ApiSettings settings, CancellationToken cancellationToken)
    {
        var request = body.Value;
        Check(request);
        var all = await AllAsync(store, cancellationToken);
        var wanted = Chosen(all, request.Slugs ?? []);
        var overrides = Overrides(request, [.. all.Select(record => record.Spec.Slug)]);
        var skipped = new List<SkippedInstance>();
        var workloads = new List<InstanceWorkload>();
        var open = new OpenWorkloads(store, settings);
        foreach (var record in wanted)
        {
            try
            {
                workloads.Add(await open.ResolveAsync(record.Spec, cancellationToken));
            }
            catch (Exception refused) when (refused is WorkloadRefusedException or UnknownReferenceException)
            {
                skipped.Add(new SkippedInstance(record.Spec.Slug, refused.Message));
            }
        }

        return TypedResults.Ok(Response(Render(workloads, request, overrides), skipped));
    }

    private static RenderedCompose Render(List<InstanceWorkload> workloads, RenderComposeRequest request, ComposeOverrides overrides)
    {
        var usual = new ComposeOptions();
        try
        {
            return ComposeRenderer.Render(
                workloads,
                new ComposeOptions
                {
                    Prefix = request.Prefix ?? usual.Prefix,
                    Version = request.Version,
                    Environment = request.Environment,
                    Folder = request.Folder ?? usual.Folder,
                    Subnets = request.Subnets ?? usual.Subnets,
                    Present = request.Present ?? usual.Present,
                },
                overrides);
        }
        catch (TargetException refused)
        {
            throw ProblemException.Invalid([new ProblemError("subnets", refused.Message)]);
        }
    }

    internal static async Task<List<InstanceRecord>> AllAsync(IStore store, CancellationToken cancellationToken)
    {
        var all = new List<InstanceRecord>();
        string? cursor = null;
        do
        {
            var page = await store.ListInstancesAsync(new InstanceFilter(), new PageRequest(PageQuery.Largest, cursor), cancellationToken);
            all.AddRange(page.Items.Where(record => record.Spec.Desired != DesiredState.Deleted));
            cursor = page.Next;
        }
        while (cursor is not null);
        return all;
    }

    internal static List<InstanceRecord> Chosen(List<InstanceRecord> all, IReadOnlyList<string> slugs)
    {
        if (slugs.Count == 0)
            return all;
        var known = all.ToDictionary(record => record.Spec.Slug, StringComparer.Ordinal);
        return [.. slugs.Distinct(StringComparer.Ordinal).Select(slug => known.GetValueOrDefault(slug) ?? throw ProblemException.NotFound("instance", slug))];
    }

    private static ComposeOverrides Overrides(RenderComposeRequest request, IReadOnlyCollection<string> slugs)
    {
        if (request.Overrides is not { } text)
            return ComposeOverrides.None;
        try
        {
            return ComposeOverrides.Read(text, slugs);
        }
        catch (ComposeOverridesException wrong)
        {
            throw ProblemException.Invalid([.. wrong.Mistakes.Select(mistake => new ProblemError(mistake.Path, mistake.Message, request.OverridesName ?? "overrides", mistake.Line, mistake.Column))]);
        }
    }

    private static void Check(RenderComposeRequest request)
    {
        var errors = new List<ProblemError>();
        if (request.Prefix is { } prefix && !LabelName().IsMatch(prefix))
            errors.Add(new ProblemError("prefix", "Lower-case letters and digits, with dots and hyphens between them, are expected, such as com.example."));
        if (request.Folder is { } folder && !FolderName().IsMatch(folder))
            errors.Add(new ProblemError("folder", "A folder's name of letters, digits, dots, hyphens and underscores is expected, which begins with none of the last three."));
        foreach (var (name, value) in ((string, string?)[])[("version", request.Version), ("environment", request.Environment)])
        {
            if (value is not null && (value.Length is 0 or > LongestLabel || value.Any(char.IsControl)))
                errors.Add(new ProblemError(name, $"A label of 1 to {LongestLabel} visible characters is expected."));
        }

        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
    }

    private static RenderComposeResponse Response(RenderedCompose rendered, List<SkippedInstance> skipped) => new(
        rendered.Text,
        [.. rendered.Files.Select(file => new ComposeFileResponse(file.Path, file.Content, file.User, file.Group, file.Mode))],
        rendered.Folders,
        [.. rendered.Secrets.Select(secret => new ComposeSecretResponse(secret.Slug, secret.Name, secret.Path, secret.User, secret.Group))],
        [.. rendered.Variables.Select(variable => new ComposeVariableResponse(variable.Slug, variable.Secret, variable.Name))],
        rendered.Rendered,
        [.. skipped.Concat(rendered.Skipped).OrderBy(one => one.Slug, StringComparer.Ordinal).Select(one => new SkippedInstanceResponse(one.Slug, one.Reason))],
        rendered.Notices);

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9.-]{0,100}[a-z0-9])?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex LabelName();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,100}\z")]
    private static partial Regex FolderName();
}
