import { type AddOptions, addTorrents, createPreview, dropPreview as dropPreviewCall, getPreview as getPreviewCall } from '@/api';
import { answer } from '@/lib/problem';

export const previewSource = (source: string) => answer(createPreview({ body: { source } }));
export const previewMetainfo = (metainfo: string) => answer(createPreview({ body: { metainfo } }));
export const getPreview = (id: string) => answer(getPreviewCall({ path: { id } }));
export const dropPreview = (id: string) => answer(dropPreviewCall({ path: { id } }));
export const addPreviews = (previews: string[], options: AddOptions) => answer(addTorrents({ body: { previews, options } }));
