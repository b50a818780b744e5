using Spectre.Console;
using Spectre.Console.Rendering;

namespace Tenantry.Cli.Writing;

/// <summary>Whatever is drawn on a console passes here: colours are the console's own, and text is text.</summary>
internal sealed class PrintableText : IRenderHook
{
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) => renderables.Select(one => new Printable(one));

    private sealed class Printable(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => inner.Render(options, maxWidth)
            .Select(segment => segment.IsControlCode || segment.IsLineBreak ? segment : new Segment(Words.Printable(segment.Text), segment.Style));
    }
}
