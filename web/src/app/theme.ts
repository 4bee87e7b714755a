import {
  ActionIcon,
  Button,
  createTheme,
  Drawer,
  Menu,
  NumberInput,
  PasswordInput,
  Select,
  Switch,
  TagsInput,
  Textarea,
  TextInput,
  Tooltip,
} from '@mantine/core';

// Locking the page's scrolling would add a style element, which the content security policy forbids; the page itself never scrolls.
const overlay = { lockScroll: false, overlayProps: { backgroundOpacity: 0.45 }, transitionProps: { duration: 120 } };
const field = { size: 'sm' as const };

export const theme = createTheme({
  primaryColor: 'cyan',
  defaultRadius: 'md',
  respectReducedMotion: true,
  components: {
    Drawer: Drawer.extend({ defaultProps: overlay }),
    Menu: Menu.extend({ defaultProps: { shadow: 'md', withInitialFocusPlaceholder: false, transitionProps: { duration: 80 } } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 400, transitionProps: { duration: 80 } } }),
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray', size: 'lg' } }),
    TextInput: TextInput.extend({ defaultProps: field }),
    PasswordInput: PasswordInput.extend({ defaultProps: field }),
    NumberInput: NumberInput.extend({ defaultProps: field }),
    Textarea: Textarea.extend({ defaultProps: field }),
    Select: Select.extend({ defaultProps: { ...field, allowDeselect: false } }),
    TagsInput: TagsInput.extend({ defaultProps: field }),
    Switch: Switch.extend({ defaultProps: field }),
  },
});
