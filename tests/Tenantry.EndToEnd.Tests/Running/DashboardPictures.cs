using Microsoft.Playwright;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>Pictures of pages for the documentation, taken anew when <c>TENANTRY_WRITE_GOLDEN=1</c> says so.</summary>
internal static class DashboardPictures
{
    public static async Task TakeAsync(IPage page, string name, bool isPhone, ColorScheme scheme)
    {
        // Phones in the dark show nothing that the two others do not.
        if (Environment.GetEnvironmentVariable("TENANTRY_WRITE_GOLDEN") != "1" || (isPhone && scheme == ColorScheme.Dark))
            return;
        var kind = isPhone ? "phone" : scheme == ColorScheme.Dark ? "dark" : "light";
        await page.ScreenshotAsync(new() { Path = Path.Combine(Repository.Root, "docs", "images", $"{name}-{kind}.png"), Animations = ScreenshotAnimations.Disabled });
    }
}
