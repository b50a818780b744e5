using Tenantry.Model.Manifests.Description;
using Tenantry.Model.Manifests.Shapes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests;

/// <summary>Reads <c>tenantry.yaml</c>: strictly, and with every mistake at once.</summary>
public static class ManifestReader
{
    /// <summary>Never throws for what is in the text.</summary>
    /// <param name="text">The file's content.</param>
    /// <param name="fileName">The file's name as messages shall say it.</param>
    public static ManifestResult Read(string text, string fileName)
    {
        text = text.TrimStart('\ufeff');
        YamlValue? root;
        YamlSyntaxException? further;
        try
        {
            root = YamlTree.Parse(text, out further);
        }
        catch (YamlSyntaxException e)
        {
            return new ManifestResult { Problems = [new ManifestProblem(fileName, e.Line, e.Column, "", ReadContext.Printable(e.Message))] };
        }
        if (root is null)
            return new ManifestResult { Problems = [new ManifestProblem(fileName, 1, 1, "", $"The file is empty; expected {ManifestDescription.Root.Allowed}.")] };
        var context = new ReadContext(fileName, text);
        context.Remember("", root);
        ManifestDescription.Root.TryRead(root, "", context, out var manifest);
        if (further is not null)
            context.Report("", new Place(further.Line, further.Column, 0), further.Message);
        return new ManifestResult { Manifest = context.Problems.Count == 0 ? manifest : null, Readable = manifest, Problems = context.Problems, Context = context };
    }
}
